"""A judge of the operator's own words: system and user text with placeholders, and one of the known formats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from judges.core import Format
from judges.formats import TIE, OneToken, chosen, json_choice, scale
from judges.frames import FilledPrompt, JudgePrompt, Presentation, fill_pair, placeholders
from judges.pairwise import PUBLISHED, ComparingParams, PairwiseJudge, pair_names
from judges.scales import written
from leaderboard.contracts.params import Params
from leaderboard.contracts.said import said
from leaderboard.contracts.values import Pair

TEXTS = ("question", "first", "second", "reference", "checklist")
"""What others wrote; each becomes a framed block."""
MARKS = ("name_1", "name_2", "nonce", "mark", "member")
NEEDED = ("first", "second", "name_1", "name_2")
CODED = {"scale": "mark", "choice": "mark", "json": "member"}
"""Where each written format carries the code."""


class CustomParams(ComparingParams):
    """The words and the format. Placeholders stand in double braces, such as {{question}}."""

    reply: Literal["one-token", "scale", "choice", "json"] = Field(
        "scale",
        description="one-token: a name and its log-probabilities. scale: [[A>>B]]. choice: [[A]]. json: A++ to B++.",
    )
    system: str = Field("", max_length=8000, description="System text; empty sends none.")
    user: str = Field(
        min_length=1,
        max_length=16000,
        description="User text with {{question}}, {{first}}, {{second}}, {{name_1}} and {{name_2}}.",
    )
    label_1: str = Field("", max_length=20, description="Name of the first slot; empty as slot_names says.")
    label_2: str = Field("", max_length=20, description="Name of the second slot; empty as slot_names says.")
    samples: int = Field(0, ge=0, le=64, description="Tokens drawn for one-token where there are no log-probabilities.")

    @field_validator("system", "user")
    @classmethod
    def _are_known(cls, value: str) -> str:
        unknown = [name for name in placeholders(value) if name not in TEXTS + MARKS]
        if unknown:
            known = ", ".join(map(_braced, TEXTS + MARKS))
            raise ValueError(
                said("There is no placeholder {value}. Known ones: {known}.", value=_braced(unknown[0]), known=known)
            )
        return value

    @field_validator("user")
    @classmethod
    def _are_there(cls, value: str, info: ValidationInfo) -> str:
        """Settings that were declared before this one are known here."""
        found, code = placeholders(value), CODED.get(info.data.get("reply", ""))
        missing = [name for name in NEEDED if name not in found]
        if missing:
            raise ValueError(said("The text lacks {value}.", value=_braced(missing[0])))
        if code and code not in found and info.data.get("slot_names") == "random":
            raise ValueError(
                said(
                    "The text lacks {code}, which puts in the code that a verdict must carry. Write it into the "
                    "form of the verdict, or choose published names.",
                    code=_braced(code),
                )
            )
        return value

    @field_validator("label_1", "label_2")
    @classmethod
    def _are_plain(cls, value: str, info: ValidationInfo) -> str:
        if value and not value.isalnum():
            raise ValueError(said("Use letters and digits only."))
        if value == TIE:
            raise ValueError(said("{tie} is the name of a tie.", tie=TIE))
        other = info.data.get("label_1", value) if info.field_name == "label_2" else None
        if other is not None and (bool(value) != bool(other) or (value and value == other)):
            raise ValueError(said("Give two different labels, or none."))
        return value


def _braced(name: str) -> str:
    return "{{" + name + "}}"


class CustomJudge(PairwiseJudge):
    """As the built-in judges in all but the words: framed texts, codes, both orders, states.

    Labels take the place of drawn names in both orders, so a liking for one label does not cancel.
    """

    name: ClassVar[str] = "custom"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Custom: your own prompt with one of the known formats"
    Params: ClassVar[type[Params]] = CustomParams

    @property
    def form(self) -> Format:
        """The format that the settings name."""
        if self.params.reply == "one-token":
            return OneToken(samples=self.params.samples)
        parsers: dict[str, Any] = {"scale": scale, "choice": chosen, "json": json_choice}
        return written(self.params, parsers[self.params.reply])

    @property
    def wordings(self) -> Sequence[JudgePrompt]:
        """The operator's own."""
        return (JudgePrompt("custom", self.params.system, self.params.user),)

    def fill(self, pair: Pair) -> FilledPrompt:
        """The messages for this pair in its order."""
        drawn = pair_names(pair) if self.params.slot_names == "random" else PUBLISHED
        names = (self.params.label_1, self.params.label_2) if self.params.label_1 else drawn
        coded = self.params.presentation.coded and self.params.reply in CODED
        return fill_pair(self.wording(pair), pair, names, Presentation(coded, self.params.longest_answer))
