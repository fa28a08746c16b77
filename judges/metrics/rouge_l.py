"""ROUGE-L: how long a subsequence of words an output shares with the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from judges.metrics.words import words
from leaderboard.contracts.params import Params
from leaderboard.contracts.said import said
from leaderboard.contracts.values import Scored


class RougeLParams(Params):
    """Which of the three numbers is the score."""

    measure: Literal["f1", "precision", "recall"] = Field(
        "f1",
        description="precision is of the output's words, recall of the reference's; f1 is their harmonic mean.",
    )


@dataclass(frozen=True)
class Overlap:
    """Shares in [0, 1] of words in the longest common subsequence."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean; 0 where nothing is shared."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


class RougeL:
    """ROUGE-L of Lin 2004 over the whole text, in [0, 1]: lower-case words, no stemming, β = 1.

    Unscored where the reference has no words. An output without words scores 0.
    """

    name: ClassVar[str] = "rouge-l"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "ROUGE-L: longest common subsequence with the reference"
    Params: ClassVar[type[Params]] = RougeLParams

    def __init__(self, params: RougeLParams) -> None:
        self.params = params

    def score(self, *, prompt: str, reference: str, text: str) -> Scored:
        """The chosen measure for one output; unscored without a reference."""
        wanted = words(reference)
        if not wanted:
            return Scored(None, said("no reference"))
        found = overlap(words(text), wanted)
        return Scored({"f1": found.f1, "precision": found.precision, "recall": found.recall}[self.params.measure])


def overlap(output: Sequence[str], reference: Sequence[str]) -> Overlap:
    """Precision and recall of the longest common subsequence; 0 for a side without words."""
    common = lcs_length(output, reference)
    return Overlap(common / max(1, len(output)), common / max(1, len(reference)))


def lcs_length(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence, a row of the table at a time as the bits of one integer (Hyyrö 2004).

    A bit that is 0 marks a column where the row's length grows by one.
    """
    spots: dict[str, int] = {}
    for place, token in enumerate(second):
        spots[token] = spots.get(token, 0) | 1 << place
    every = (1 << len(second)) - 1
    row = every
    for token in first:
        matched = row & spots.get(token, 0)
        row = ((row + matched) | (row - matched)) & every
    return len(second) - row.bit_count()
