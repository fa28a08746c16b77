"""The ratings that a language model can be asked for: MT-bench's, WildBench's, and those by a written scale.

Each is a metric of outputs and a judge that compares two of them; `judges.pointwise` has what they share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from judges.core import Format
from judges.formats import bracketed, json_score
from judges.frames import JudgePrompt, Presentation, Single, placeholders
from judges.pairwise import WrittenParams
from judges.pointwise import Rater, RatingJudge, RatingMetric
from judges.scales import object_schema, written
from judges.wordings import CHECKLIST_SINGLE, MT_SINGLE, MT_SINGLE_REFERENCE, RUBRIC
from leaderboard.contracts.params import Params
from leaderboard.contracts.said import said


class RatingParams(WrittenParams):
    """How one answer is put to the judge."""

    verdicts: Literal["coded", "plain"] = Field(
        "coded", description="coded: a rating counts only with a code that no answer can know. plain: as published."
    )

    @property
    def presentation(self) -> Presentation:
        """What goes with the verdicts."""
        return Presentation(self.verdicts == "coded", self.longest_answer)


class JsonRatingParams(RatingParams):
    """How the reply is asked for."""

    structured: bool = Field(
        False, description="Send a JSON schema of the reply, to a server that is declared to hold to one."
    )


class RubricParams(JsonRatingParams):
    """The scale, in words."""

    scale: str = Field(
        min_length=1,
        max_length=8000,
        description="What each number means, a line for each; the judge reads it as it is.",
    )
    low: float = Field(1.0, description="The lowest number, for the worst answer.")
    high: float = Field(5.0, description="The highest number, for the best answer.")

    @model_validator(mode="after")
    def _is_a_scale(self) -> RubricParams:
        if self.low >= self.high:
            raise ValueError(said("The highest number must be above the lowest."))
        if placeholders(self.scale):
            raise ValueError(said("A scale has no placeholders in double braces."))
        return self


class MTBenchRater(Rater):
    """MT-bench's [[rating]] from 1 to 10 (arXiv 2306.05685), against the reference where the prompt has one."""

    @property
    def form(self) -> Format:
        """A few sentences that end in a rating."""
        return written(self.params, bracketed(*self.scale))

    @property
    def wordings(self) -> Sequence[JudgePrompt]:
        """Without and with a reference."""
        return (MT_SINGLE, MT_SINGLE_REFERENCE)

    def wording(self, one: Single) -> JudgePrompt:
        """By whether there is a reference."""
        return self.wordings[bool(one.reference.strip())]


class JsonRater(Rater):
    """A rater whose reply is one JSON object with a number under "score"."""

    @property
    def form(self) -> Format:
        """One JSON object."""
        texts = [*self.texts, *(["code"] if self.params.presentation.coded else [])]
        schema = object_schema(**{name: {"type": "string"} for name in texts}, score={"type": "number"})
        return written(self.params, json_score(*self.scale), schema if self.params.structured else None)

    texts: tuple[str, ...] = ("reason",)


class ChecklistRater(JsonRater):
    """WildBench's score from 1 to 10, by a checklist for the prompt (arXiv 2406.04770)."""

    texts = ("strengths", "weaknesses")

    @property
    def wordings(self) -> Sequence[JudgePrompt]:
        """One wording for all."""
        return (CHECKLIST_SINGLE,)


class RubricRater(JsonRater):
    """A number on a scale that the operator wrote."""

    @property
    def scale(self) -> tuple[float, float]:
        """Lowest and highest number."""
        return self.params.low, self.params.high

    @property
    def wordings(self) -> Sequence[JudgePrompt]:
        """Our wording with the scale in it."""
        user = RUBRIC.user.replace("{{scale}}", self.params.scale)
        user = user.replace("{{low}}", f"{self.params.low:g}").replace("{{high}}", f"{self.params.high:g}")
        return (JudgePrompt(RUBRIC.name, RUBRIC.system, user),)


class _Compares(Params):
    """How two ratings become a credit."""

    credit: Literal["sign", "margin"] = Field(
        "sign", description="sign: the higher rating wins. margin: half of the difference, as a share of the scale."
    )


class MTBenchSingleParams(RatingParams, _Compares):
    """As the metric, and how two ratings become a credit."""


class ChecklistScoreParams(JsonRatingParams, _Compares):
    """As the metric, and how two ratings become a credit."""


class RubricJudgeParams(RubricParams, _Compares):
    """As the metric, and how two ratings become a credit."""


class MTBenchScore(RatingMetric):
    """MT-bench's rating of one answer."""

    name: ClassVar[str] = "mt-bench"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "MT-bench: a language model rates an answer from 1 to 10"
    Params: ClassVar[type[Params]] = RatingParams
    rater = MTBenchRater


class ChecklistScore(RatingMetric):
    """WildBench's score of one answer; its own table shows twice the score less ten."""

    name: ClassVar[str] = "checklist"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Checklist: a language model rates an answer from 1 to 10, as WildBench's score"
    Params: ClassVar[type[Params]] = JsonRatingParams
    rater = ChecklistRater


class RubricScore(RatingMetric):
    """A rating by a written scale."""

    name: ClassVar[str] = "rubric"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Rubric: a language model rates an answer by a written scale"
    Params: ClassVar[type[Params]] = RubricParams
    rater = RubricRater


class MTBenchSingleJudge(RatingJudge):
    """Two of MT-bench's ratings compared, as its published tables do for pairs."""

    name: ClassVar[str] = "mt-bench-single"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "MT-bench's ratings from 1 to 10, compared"
    Params: ClassVar[type[Params]] = MTBenchSingleParams
    rater = MTBenchRater


class ChecklistScoreJudge(RatingJudge):
    """Two of WildBench's scores compared."""

    name: ClassVar[str] = "checklist-score"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "WildBench's scores from 1 to 10 by a checklist, compared"
    Params: ClassVar[type[Params]] = ChecklistScoreParams
    rater = ChecklistRater


class RubricJudge(RatingJudge):
    """Two ratings by a written scale compared."""

    name: ClassVar[str] = "rubric"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Ratings by a written scale, compared"
    Params: ClassVar[type[Params]] = RubricJudgeParams
    rater = RubricRater
