"""A judge without a model: the longer answer wins. It is the rule that any real judge must beat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from leaderboard.contracts.params import Params
from leaderboard.contracts.values import Pair, Verdict, VerdictState


class LongerParams(Params):
    """How much longer is longer."""

    margin: int = Field(0, ge=0, description="Characters; a difference up to this many is a tie.")


class LongerJudge:
    """The answer with more code points wins, whichever slot it is in."""

    name: ClassVar[str] = "longer"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "The longer answer wins"
    Params: ClassVar[type[Params]] = LongerParams
    both_orders: ClassVar[bool] = False

    def __init__(self, params: LongerParams) -> None:
        self.params = params

    def judge(self, pairs: Sequence[Pair]) -> Iterator[Verdict]:
        """One verdict a pair."""
        for pair in pairs:
            lengths = {"length_a": len(pair.answer_a), "length_b": len(pair.answer_b)}
            yield Verdict(pair.key, VerdictState.SCORED, self._credit(**lengths), evidence=lengths)

    def provenance(self) -> Mapping[str, str]:
        """This class alone makes the verdicts."""
        return {"judge": self.name, "judge_version": self.version}

    def _credit(self, length_a: int, length_b: int) -> float:
        if abs(length_a - length_b) <= self.params.margin:
            return 0.5
        return 1.0 if length_a > length_b else 0.0
