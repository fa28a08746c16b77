"""Top-a sampling: heat, then drop tokens by the square of the best chance. Known from text adventure programs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from leaderboard.contracts.params import Params
from leaderboard.contracts.protocols import Capability, DecodingParams


class TopAParams(DecodingParams):
    """Settings of top-a."""

    a: float = Field(0.2, gt=0, le=1, description="Keep tokens at least this times the square of the best chance.")
    temperature: float = Field(1.0, gt=0, le=100, description="Logits are divided by this before the cut.")
    max_new_tokens: int = Field(128, ge=1, le=4096, description="Stop after this many tokens.")


class TopA:
    """Keeps p ≥ a · p_max²: a hard cut where the model is sure, hardly any where it is not."""

    name: ClassVar[str] = "top-a"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Top-a: a cut that grows with the square of the best chance"
    Params: ClassVar[type[Params]] = TopAParams

    def __init__(self, params: TopAParams) -> None:
        self.params = params

    @property
    def label(self) -> str:
        """For example "T 1.5 · top-a 0.2"."""
        return f"T {self.params.temperature:g} · top-a {self.params.a:g}"

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
        """(rows, vocabulary) in and out. A forbidden token (-inf) stays forbidden; the likeliest always stays."""
        heated = logits / self.params.temperature
        chances = heated.log_softmax(-1)
        bound = math.log(self.params.a) + 2 * chances.amax(-1, keepdim=True)
        return heated.masked_fill(chances < bound, float("-inf"))

    def request_fields(self) -> Mapping[str, Any]:
        """What an OpenAI-compatible server can be told; `needs` keeps it from being asked."""
        return {"temperature": self.params.temperature, "max_tokens": self.params.max_new_tokens}
