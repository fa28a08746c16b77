"""Top-nσ sampling (arXiv 2411.07641): keep the tokens whose logit is near the best, then heat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from leaderboard.contracts.params import Params
from leaderboard.contracts.protocols import Capability, DecodingParams


class TopNSigmaParams(DecodingParams):
    """Settings of top-nσ."""

    n: float = Field(1.0, gt=0, le=100, description="Keep logits within this many standard deviations of the best.")
    temperature: float = Field(1.0, gt=0, le=100, description="Logits are divided by this after the cut.")
    max_new_tokens: int = Field(128, ge=1, le=4096, description="Stop after this many tokens.")


class TopNSigma:
    """Keeps z ≥ z_max − n·σ, σ the population standard deviation of a row's allowed logits."""

    name: ClassVar[str] = "top-n-sigma"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Top-nσ: tokens within n standard deviations of the best"
    Params: ClassVar[type[Params]] = TopNSigmaParams

    def __init__(self, params: TopNSigmaParams) -> None:
        self.params = params

    @property
    def label(self) -> str:
        """For example "T 1.5 · 1σ"."""
        return f"T {self.params.temperature:g} · {self.params.n:g}σ"

    @property
    def samples(self) -> bool:
        """It draws."""
        return True

    @property
    def max_new_tokens(self) -> int:
        """From the settings."""
        return self.params.max_new_tokens

    def needs(self) -> frozenset[str]:
        """No server offers it: it runs only where our own functions see the logits."""
        return frozenset({Capability.LOGITS})

    def apply(self, logits: Any, history: Any) -> Any:
        """(rows, vocabulary) in and out. A forbidden token (-inf) counts neither for σ nor for the best."""
        allowed = logits > float("-inf")
        count = allowed.sum(-1, keepdim=True)
        zeroed = logits.masked_fill(~allowed, 0.0)
        mean = zeroed.sum(-1, keepdim=True) / count
        spread = (zeroed - mean).masked_fill(~allowed, 0.0).square().sum(-1, keepdim=True) / count
        best = logits.max(-1, keepdim=True).values
        kept = logits >= best - self.params.n * spread.sqrt()
        return (logits / self.params.temperature).masked_fill(~kept, float("-inf"))

    def request_fields(self) -> Mapping[str, Any]:
        """What an OpenAI-compatible server can be told; `needs` keeps it from being asked."""
        return {"temperature": self.params.temperature, "max_tokens": self.params.max_new_tokens}
