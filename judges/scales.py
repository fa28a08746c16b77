"""Judges that write before they choose between two answers: Arena-Hard, MT-bench in pairs, WildBench's checklist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from judges.formats import Written, chosen, json_choice, scale, scale_wins
from judges.frames import JudgePrompt
from judges.pairwise import ComparingParams, PairwiseJudge
from judges.wordings import ARENA_HARD, CHECKLIST_PAIR, MT_PAIR, MT_PAIR_REFERENCE
from leaderboard.contracts.params import Params
from leaderboard.contracts.values import Pair


class ArenaHardParams(ComparingParams):
    """How the steps of the scale count."""

    credit: Literal["steps", "wins"] = Field(
        "steps", description="steps: 1, 0.75, 0.5, 0.25, 0. wins: better and much better are both a whole win."
    )


class ArenaHardJudge(PairwiseJudge):
    """Arena-Hard's scale from [[A>>B]] to [[B>>A]] (arXiv 2406.11939); the last verdict in the reply stands.

    Both orders are judged, as its two games. Its tables count a much better answer three times: `step` in the evidence
    tells which ones.
    """

    name: ClassVar[str] = "arena-hard"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Arena-Hard: five steps from much better to much worse"
    Params: ClassVar[type[Params]] = ArenaHardParams

    @property
    def form(self) -> Written:
        """A comparison that ends in a step of the scale."""
        return written(self.params, scale if self.params.credit == "steps" else scale_wins)

    @property
    def wordings(self) -> Sequence[JudgePrompt]:
        """One wording for all."""
        return (ARENA_HARD,)


class MTBenchJudge(PairwiseJudge):
    """MT-bench's [[A]], [[B]] or [[C]] for a tie (arXiv 2306.05685); two different verdicts in a reply are none.

    A prompt with a reference answer is judged against it.
    """

    name: ClassVar[str] = "mt-bench"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "MT-bench in pairs: the better answer or a tie, after a short comparison"
    Params: ClassVar[type[Params]] = ComparingParams

    @property
    def form(self) -> Written:
        """A comparison that ends in a choice."""
        return written(self.params, chosen)

    @property
    def wordings(self) -> Sequence[JudgePrompt]:
        """Without and with a reference."""
        return (MT_PAIR, MT_PAIR_REFERENCE)

    def wording(self, pair: Pair) -> JudgePrompt:
        """By whether there is a reference."""
        return self.wordings[bool(pair.reference.strip())]


class ChecklistParams(ComparingParams):
    """How the reply is asked for."""

    structured: bool = Field(
        False, description="Send a JSON schema of the reply, to a server that is declared to hold to one."
    )


class ChecklistJudge(PairwiseJudge):
    """WildBench's choice from A++ to B++ in JSON, by a checklist for the prompt (arXiv 2406.04770).

    WildBench's reward of +1, +0.5, 0, -0.5, -1 is twice the credit less one.
    """

    name: ClassVar[str] = "checklist"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Checklist in pairs, as WildBench's reward: five steps, by items for each prompt"
    Params: ClassVar[type[Params]] = ChecklistParams

    @property
    def form(self) -> Written:
        """One JSON object with a choice."""
        kind = {"type": "string"}
        schema = object_schema(analysis=kind, choice=kind, **({"code": kind} if self.params.presentation.coded else {}))
        return written(self.params, json_choice, schema=schema if self.params.structured else None)

    @property
    def wordings(self) -> Sequence[JudgePrompt]:
        """One wording for all."""
        return (CHECKLIST_PAIR,)


def written(params: Any, parse: Any, schema: dict[str, Any] | None = None) -> Written:
    """The format with the limits that the settings give."""
    return Written(parse, params.max_new_tokens, params.tries, schema)


def object_schema(**members: Any) -> dict[str, Any]:
    """JSON schema of an object that has just these members."""
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}
