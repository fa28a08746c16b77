"""The share of outputs whose stated answer is the reference."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from judges.metrics.extract import check
from leaderboard.contracts.params import Params
from leaderboard.contracts.said import said
from leaderboard.contracts.values import Scored


class ExactMatchParams(Params):
    """Where the answer stands in an output."""

    marker: str = Field("answer is", min_length=1, max_length=100, description="The answer follows these words.")


class ExactMatch:
    """1.0 where the stated answer is the reference, 0.0 where it is not; unscored where none is stated.

    An output that states none because it is empty or was cut off counts as `unanswered`.
    """

    name: ClassVar[str] = "exact-match"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Exact match with the reference answer"
    Params: ClassVar[type[Params]] = ExactMatchParams
    unanswered: ClassVar[float] = 0.0

    def __init__(self, params: ExactMatchParams) -> None:
        self.params = params

    def score(self, *, prompt: str, reference: str, text: str) -> Scored:
        """The value for one output; no reference and no stated answer are unscored, each with its reason."""
        if not reference.strip():
            return Scored(None, said("no reference"))
        found = check(text, reference, self.params.marker)
        if found.found is None:
            return Scored(None, said("no answer found"))
        return Scored(float(found.right), extracted=found.found)
