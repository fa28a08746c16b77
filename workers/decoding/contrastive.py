"""Contrastive search: a likely token whose hidden state is not close to those of the text so far.

Source: Su et al., "A Contrastive Framework for Neural Text Generation" (arXiv 2202.06417). Imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from leaderboard.contracts.params import Params
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.said import said
from workers.decoding.search import Found, View
from workers.decoding.strategies import Greedy, GreedyParams

if TYPE_CHECKING:
    from torch import Tensor


class ContrastiveParams(GreedyParams):
    """Settings of contrastive search."""

    k: int = Field(default=4, ge=1, le=64, title="Candidates", description="Choose among this many likeliest tokens.")
    alpha: float = Field(
        default=0.6,
        ge=0.0,
        le=1.0,
        title="Weight of novelty",
        description="0 is greedy; higher avoids tokens that the model takes for more of the same.",
    )


class Contrastive(Greedy):
    """Looks one token ahead for each of the k likeliest tokens."""

    name: ClassVar[str] = "contrastive"
    version: ClassVar[str] = "1 rep>contrast"
    title: ClassVar[str] = "Contrastive search: likely, but not more of the same"
    Params: ClassVar[type[Params]] = ContrastiveParams
    keeps_states: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """Short text for a chip: "contrastive k 4 α 0.6"."""
        text = f"contrastive k {self.params.k} α {self.params.alpha:g}"
        penalty = self.params.repetition_penalty
        return text if penalty == 1.0 else f"{text} · rep {penalty:g}"

    @property
    def branches(self) -> int:
        """How many continuations the engine reads side by side."""
        return int(self.params.k)

    def needs(self) -> frozenset[str]:
        """Our own loop over the model: no server looks ahead."""
        return frozenset({Capability.LOOP})

    def search(self, ends: frozenset[int]) -> ContrastiveSearch:
        """A fresh search for one output that stops at a token of `ends`."""
        return ContrastiveSearch(self, ends)

    def request_fields(self) -> Mapping[str, Any]:
        """Raises ValueError: no request can ask for contrastive search."""
        raise ValueError(said("Contrastive search runs only on a model loaded here; no server offers it."))


class ContrastiveSearch:
    """One output. Each step reads k candidates behind the text, keeps the best and proposes its k likeliest tokens."""

    def __init__(self, strategy: Contrastive, ends: frozenset[int]) -> None:
        self.strategy, self.ends = strategy, ends
        self.ids: list[int] = []
        self.logprob = 0.0
        self.candidates: list[tuple[int, float, float]] = []
        """Token, probability after penalties, and log-probability before, likeliest first."""

    def step(self, view: View) -> Sequence[tuple[int, int]] | Found:
        """The next candidates, or what was found."""
        best = self._settle(view) if self.candidates else 0
        if self.ids and (self.ids[-1] in self.ends or len(self.ids) >= self.strategy.max_new_tokens):
            return Found(tuple(self.ids), self.logprob, self.ids[-1] in self.ends)
        self.candidates = self._propose(view, best)
        return [(best, token) for token, _, _ in self.candidates]

    def _settle(self, view: View) -> int:
        """Take the candidate of the highest score; ties go to the likelier one."""
        if view.states is None:
            raise ValueError("Contrastive search needs the last hidden states, which this backend does not give.")
        alpha = self.strategy.params.alpha
        closest = nearness(view.states, view.history.known).tolist()
        scores = [(1 - alpha) * self.candidates[i][1] - alpha * near for i, near in enumerate(closest)]
        best = scores.index(max(scores))
        token, _, logprob = self.candidates[best]
        self.ids.append(token)
        self.logprob += logprob
        return best

    def _propose(self, view: View, branch: int) -> list[tuple[int, float, float]]:
        chances = self.strategy.apply(view.logits, view.history)[branch].double().softmax(-1)
        # A stable sort: topk promises no order among equals, and ties go to the lowest id.
        places = chances.sort(descending=True, stable=True).indices[: self.strategy.params.k]
        before = view.logits[branch].double().log_softmax(-1)
        return list(zip(places.tolist(), chances[places].tolist(), before[places].tolist(), strict=True))


def nearness(states: Tensor, known: Tensor) -> Tensor:
    """max_j cos(h_v, h_j): (branches,) float64, v the newest token of a branch and j over all before it.

    `states`: (branches, length, hidden); `known`: (branches, length) bool, False on padding.
    """
    wide = states.double()
    unit = wide / wide.norm(dim=-1, keepdim=True).clamp(min=1e-12)
    cosines: Tensor = (unit[:, :-1] @ unit[:, -1, :, None])[..., 0]
    return cosines.masked_fill(~known[:, :-1], float("-inf")).amax(-1)
