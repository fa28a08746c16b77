"""What one person's votes say: a ranking by win share, and how often others chose the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """An entry's mean credit in percent over `n` votes."""

    entry: int
    share: float
    n: int


@dataclass(frozen=True)
class Agreement:
    """How many of `n` comparisons that both saw got the same outcome of three: one side, the other, a tie."""

    same: int
    n: int

    @property
    def share(self) -> float | None:
        """In percent; None where there is nothing to compare."""
        return 100 * self.same / self.n if self.n else None


def ranking(votes: Sequence[tuple[int, int, float]]) -> list[Share]:
    """Entries by win share, best first; `votes`: entries a and b, and the credit of a in [0, 1]. Ties by more votes."""
    won: dict[int, float] = {}
    met: dict[int, int] = {}
    for a, b, credit in votes:
        for entry, own in ((a, credit), (b, 1.0 - credit)):
            won[entry] = won.get(entry, 0.0) + own
            met[entry] = met.get(entry, 0) + 1
    shares = [Share(entry, 100 * won[entry] / met[entry], met[entry]) for entry in met]
    return sorted(shares, key=lambda one: (-one.share, -one.n, one.entry))


def agreement(mine: Mapping[int, float], theirs: Mapping[int, float]) -> Agreement:
    """Between credits of side a by comparison; a mean of others counts as the side it leans to."""
    both = mine.keys() & theirs.keys()
    return Agreement(sum(_side(mine[key]) == _side(theirs[key]) for key in both), len(both))


def _side(credit: float) -> int:
    return (credit > 0.5) - (credit < 0.5)
