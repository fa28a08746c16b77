"""What the engine and a search exchange: strategies that keep several continuations of one output alive.

A strategy that searches has a method `search(ends)` that gives a fresh `Search` for each output, and says with
`branches` how many continuations it keeps. Such a strategy's `apply` alone is not its rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from workers.decoding.history import History


@dataclass(frozen=True)
class View:
    """The branches of one output after a forward pass, in the order in which the search asked for them.

    `logits`: (branches, vocabulary) float32. `history`: over (branches, length). `states`: (branches, length, hidden),
    the last hidden states, aligned with `history.ids`; None unless the strategy has `keeps_states`.
    """

    logits: Tensor
    history: History
    states: Tensor | None = None


@dataclass(frozen=True)
class Found:
    """A finished search: new token ids, the sum of their log-probabilities in nats, and whether an end was reached."""

    ids: tuple[int, ...]
    logprob: float
    ended: bool


class Search(Protocol):
    """One output in the making."""

    def step(self, view: View) -> Sequence[tuple[int, int]] | Found:
        """Which branches to read next, as (row of `view`, token) pairs, or what was found."""
        ...
