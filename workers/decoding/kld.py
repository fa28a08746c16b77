"""KLD-guided temperature: heat less where the evidence in the prompt changes what the model expects.

Source: Chang, Reitter, Aksitov and Sung, "KL-Divergence Guided Temperature Sampling" (2023). Imports no torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from leaderboard.contracts.params import Params
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.said import said
from leaderboard.contracts.values import Message
from workers.decoding.evidence import with_evidence, without_evidence
from workers.decoding.history import History
from workers.decoding.strategies import Greedy, TemperatureParams

if TYPE_CHECKING:
    from torch import Tensor

LEAST = 1e-7
"""Probabilities below this count as this, so that no token has an infinite share in the divergence."""


class KldParams(TemperatureParams):
    """Settings of KLD-guided temperature."""

    temperature: float = Field(
        default=1.0,
        ge=0.0,
        le=10.0,
        title="Highest temperature",
        description="The temperature where the evidence changes nothing; 0 always takes the likeliest token.",
    )
    sigma: float = Field(
        default=1.0,
        gt=0.0,
        le=1000.0,
        title="Sigma",
        description="The divergence, in nats, that halves the temperature.",
    )


@dataclass(frozen=True)
class EvidenceHistory(History):
    """A past with what the model says of it where the evidence is left out.

    `without`: (rows, vocabulary) float32 logits after the same output behind the prompt without evidence, never None.
    """

    without: Tensor | None = None


class Kld(Greedy):
    """Samples at a temperature that falls as the evidence speaks: T0 * 2^(-D / sigma)."""

    name: ClassVar[str] = "kld"
    version: ClassVar[str] = "1 kl>rep>temp"
    title: ClassVar[str] = "KLD: a temperature that falls where the evidence speaks"
    Params: ClassVar[type[Params]] = KldParams

    @property
    def label(self) -> str:
        """Short text for a chip: "KLD T 1 · σ 2 · rep 1.1"."""
        if not self.samples:
            return super().label
        parts = [f"KLD T {self.heat:g}", f"σ {self.params.sigma:g}"]
        parts += [f"rep {self.params.repetition_penalty:g}"] if self.params.repetition_penalty != 1.0 else []
        return " · ".join(parts)

    def contexts(self, messages: Sequence[Message]) -> tuple[tuple[Message, ...], ...]:
        """What the engine reads: the prompt with its evidence and, while sampling, the prompt without."""
        shown = with_evidence(messages)
        return (shown, without_evidence(messages)) if self.samples else (shown,)

    def needs(self) -> frozenset[str]:
        """Our own loop over the model: no server reads one output behind two prompts."""
        return frozenset({Capability.LOOP})

    def apply(self, logits: Any, history: Any) -> Any:
        """The repetition penalty, then the temperature from the untouched logits. `history`: an EvidenceHistory."""
        from workers.decoding import samplers

        scores = logits
        if self.params.repetition_penalty != 1.0:
            scores = samplers.repetition_penalty(logits, history.ids, history.known, self.params.repetition_penalty)
        if not self.samples:
            return scores
        without = getattr(history, "without", None)
        if without is None:
            raise ValueError("KLD needs the logits without the evidence, which this backend does not give.")
        heat = kld_temperature(divergence(logits, without), self.heat, self.params.sigma)
        values = samplers.wide(scores)
        return ((values - values.amax(-1, keepdim=True)) / heat[:, None]).to(logits.dtype)

    def request_fields(self) -> Mapping[str, Any]:
        """Raises ValueError: no request can ask for two contexts."""
        raise ValueError(said("KLD runs only on a model loaded here; no server reads an output behind two prompts."))


def divergence(logits: Tensor, without: Tensor) -> Tensor:
    """D = KL(p with || p without) in nats, (rows,) float64, from two (rows, vocabulary) tensors of logits.

    Both distributions are clipped from below at `LEAST` and not normalised anew, so the sum can fall below 0; then
    D is 0.
    """
    here, there = (rows.double().log_softmax(-1).clamp(min=math.log(LEAST)) for rows in (logits, without))
    return (here.exp() * (here - there)).sum(-1).clamp(min=0.0)


def kld_temperature(divergences: Tensor, t0: float, sigma: float) -> Tensor:
    """T0 * 2^(-D / sigma), at least the `COLDEST` of EDT; (rows,) from (rows,)."""
    from workers.decoding.samplers import COLDEST

    return (-divergences / sigma).exp2().mul(t0).clamp(min=COLDEST)
