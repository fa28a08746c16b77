"""The built-in decoding strategies: settings, short labels, and which samplers run in which order.

Importing this module does not import torch, so that the web side can build forms from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pydantic import Field

from leaderboard.contracts.params import Params
from leaderboard.contracts.protocols import Capability, DecodingParams
from leaderboard.contracts.values import DecodingChoice
from workers.decoding.nearby import nearby

ORDER = ("rep", "temp", "k", "p", "min-p")
"""Repetition penalty, temperature, top-k, top-p, min-p. The order changes results, so it is part of every
strategy's `version` and through it of the fingerprint. transformers and vLLM use the same order."""

VERSION = f"1 {'>'.join(ORDER)}"


class GreedyParams(DecodingParams):
    """Settings that every built-in strategy has."""

    max_new_tokens: int = Field(
        default=128, ge=1, le=4096, title="Longest output", description="Stop after this many tokens."
    )
    repetition_penalty: float = Field(
        default=1.0,
        gt=0.0,
        le=10.0,
        title="Repetition penalty",
        description="Above 1 makes tokens already seen less likely; 1 changes nothing.",
    )


class TemperatureParams(GreedyParams):
    """Settings of plain sampling."""

    temperature: float = Field(
        default=1.0,
        ge=0.0,
        le=10.0,
        title="Temperature",
        description="Higher makes the output more varied; 0 always takes the likeliest token.",
    )


class TopKParams(TemperatureParams):
    """Settings of top-k sampling."""

    k: int = Field(
        default=50, ge=1, le=1_000_000, title="Top-k", description="Choose among this many of the likeliest tokens."
    )


class TopPParams(TemperatureParams):
    """Settings of top-p sampling."""

    p: float = Field(
        default=0.9,
        gt=0.0,
        le=1.0,
        title="Top-p",
        description="Choose among the likeliest tokens that together reach this probability.",
    )


class MinPParams(TemperatureParams):
    """Settings of min-p sampling."""

    min_p: float = Field(
        default=0.1,
        ge=0.0,
        le=1.0,
        title="Min-p",
        description="Drop tokens less likely than this share of the likeliest one.",
    )


class Greedy:
    """Always the likeliest token; among equals, the lowest id."""

    name: ClassVar[str] = "greedy"
    version: ClassVar[str] = VERSION
    title: ClassVar[str] = "Greedy: always the likeliest token"
    Params: ClassVar[type[Params]] = GreedyParams

    def __init__(self, params: Any) -> None:
        self.params = params

    @property
    def heat(self) -> float:
        """The temperature; 0 stands for greedy."""
        return float(getattr(self.params, "temperature", 0.0))

    @property
    def label(self) -> str:
        """Short text for a chip: "greedy", "T 2 · min-p 0.1"."""
        parts = [f"T {self.heat:g}", *self._cut_label()] if self.samples else ["greedy"]
        if self.params.repetition_penalty != 1.0:
            parts.append(f"rep {self.params.repetition_penalty:g}")
        return " · ".join(parts)

    @property
    def samples(self) -> bool:
        """False where the same prompt always gives the same output."""
        return self.heat > 0.0

    @property
    def max_new_tokens(self) -> int:
        """Where generation stops at the latest."""
        return int(self.params.max_new_tokens)

    def needs(self) -> frozenset[str]:
        """Capabilities a backend must have, unless it offers LOGITS."""
        wanted = {Capability.REPETITION_PENALTY} if self.params.repetition_penalty != 1.0 else set()
        return frozenset(wanted | (self._cut_needs() if self.samples else set()))

    def apply(self, logits: Any, history: Any) -> Any:
        """New logits from logits, both (rows, vocabulary) float tensors, in the documented `ORDER`."""
        from workers.decoding import samplers

        if self.params.repetition_penalty != 1.0:
            logits = samplers.repetition_penalty(logits, history.ids, history.known, self.params.repetition_penalty)
        if not self.samples:
            return logits
        return self._cut(samplers.temperature(logits, self.heat))

    def request_fields(self) -> Mapping[str, Any]:
        """The same choice as fields of an OpenAI-compatible request.

        top_p is always sent while sampling, since some servers would else use a default of the model.
        """
        fields: dict[str, Any] = {"max_tokens": self.max_new_tokens, "temperature": self.heat}
        extra: dict[str, Any] = {}
        if self.params.repetition_penalty != 1.0:
            extra["repetition_penalty"] = self.params.repetition_penalty
        if self.samples:
            fields["top_p"] = 1.0
            self._cut_fields(fields, extra)
        return {**fields, "extra_body": extra} if extra else fields

    def nearby(self) -> Iterable[DecodingChoice]:
        """Choices like this one, the nearest first."""
        return nearby(self, self.heat)

    def _cut(self, logits: Any) -> Any:
        return logits

    def _cut_label(self) -> tuple[str, ...]:
        return ()

    def _cut_needs(self) -> set[str]:
        return set()

    def _cut_fields(self, fields: dict[str, Any], extra: dict[str, Any]) -> None:
        """Adds this strategy's own fields to a request."""


class Temperature(Greedy):
    """Samples from the whole vocabulary at a temperature."""

    name: ClassVar[str] = "temperature"
    title: ClassVar[str] = "Temperature: sample from all tokens"
    Params: ClassVar[type[Params]] = TemperatureParams


class TopK(Greedy):
    """Samples among the k likeliest tokens."""

    name: ClassVar[str] = "top-k"
    title: ClassVar[str] = "Top-k: sample among the k likeliest tokens"
    Params: ClassVar[type[Params]] = TopKParams

    def _cut(self, logits: Any) -> Any:
        from workers.decoding import samplers

        return samplers.top_k(logits, self.params.k)

    def _cut_label(self) -> tuple[str, ...]:
        return (f"top-k {self.params.k}",)

    def _cut_needs(self) -> set[str]:
        return {Capability.TOP_K}

    def _cut_fields(self, fields: dict[str, Any], extra: dict[str, Any]) -> None:
        extra["top_k"] = self.params.k


class TopP(Greedy):
    """Samples among the likeliest tokens that together reach probability p."""

    name: ClassVar[str] = "top-p"
    title: ClassVar[str] = "Top-p: sample among the tokens that hold most of the probability"
    Params: ClassVar[type[Params]] = TopPParams

    def _cut(self, logits: Any) -> Any:
        from workers.decoding import samplers

        return samplers.top_p(logits, self.params.p)

    def _cut_label(self) -> tuple[str, ...]:
        return (f"top-p {self.params.p:g}",)

    def _cut_needs(self) -> set[str]:
        return {Capability.TOP_P}

    def _cut_fields(self, fields: dict[str, Any], extra: dict[str, Any]) -> None:
        fields["top_p"] = self.params.p


class MinP(Greedy):
    """Samples among the tokens that are not much less likely than the likeliest."""

    name: ClassVar[str] = "min-p"
    title: ClassVar[str] = "Min-p: drop tokens far less likely than the likeliest"
    Params: ClassVar[type[Params]] = MinPParams

    def _cut(self, logits: Any) -> Any:
        from workers.decoding import samplers

        return samplers.min_p(logits, self.params.min_p)

    def _cut_label(self) -> tuple[str, ...]:
        return (f"min-p {self.params.min_p:g}",)

    def _cut_needs(self) -> set[str]:
        return {Capability.MIN_P}

    def _cut_fields(self, fields: dict[str, Any], extra: dict[str, Any]) -> None:
        extra["min_p"] = self.params.min_p
