"""A judge without a model: the answer that matches the reference wins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from judges.metrics.extract import Check, check
from leaderboard.contracts.params import Params
from leaderboard.contracts.values import Pair, Verdict, VerdictState


class ReferenceParams(Params):
    """Where the answer stands in an output."""

    marker: str = Field("answer is", min_length=1, max_length=100, description="The answer follows these words.")


class ReferenceJudge:
    """Right beats wrong; both right or both wrong is a tie. An output that states no answer is wrong.

    The order shown makes no difference, so each pair is judged once.
    """

    name: ClassVar[str] = "reference"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Reference answer: right beats wrong"
    Params: ClassVar[type[Params]] = ReferenceParams
    both_orders: ClassVar[bool] = False

    def __init__(self, params: ReferenceParams) -> None:
        self.params = params

    def judge(self, pairs: Sequence[Pair]) -> Iterator[Verdict]:
        """One verdict a pair, in the order given."""
        for pair in pairs:
            yield self._verdict(pair)

    def most_tokens(self, pair: Pair) -> tuple[int, int]:
        """No model is asked."""
        return 0, 0

    def provenance(self) -> Mapping[str, str]:
        """Nothing beside this class makes the verdicts."""
        return {"judge": self.name, "judge_version": self.version}

    def _verdict(self, pair: Pair) -> Verdict:
        if not pair.reference.strip():
            return Verdict(pair.key, VerdictState.NO_REFERENCE)
        a, b = (check(text, pair.reference, self.params.marker) for text in (pair.answer_a, pair.answer_b))
        outcome = _outcome(a, b)
        evidence = {"answer_a": a.found, "answer_b": b.found, "outcome": outcome}
        credit = (1.0 + a.right - b.right) / 2
        return Verdict(pair.key, VerdictState.SCORED, credit, raw=outcome, evidence=evidence)


def _outcome(a: Check, b: Check) -> str:
    if a.right and b.right:
        return "both right"
    if a.right or b.right:
        return "only a right" if a.right else "only b right"
    return "both wrong"
