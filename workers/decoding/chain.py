"""Strategies made of steps: the base they share, and `chain`, whose steps are its settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from leaderboard.contracts.params import Params
from leaderboard.contracts.protocols import Capability, DecodingParams
from leaderboard.contracts.said import said
from leaderboard.contracts.values import DecodingChoice
from workers.decoding.nearby import fewer_steps, nearby
from workers.decoding.steps import VERSION, Step, WrittenStep, fault_of, in_order, runs_on_servers, server_fields

LONGEST_LABEL = 60
XARG = "touchstone"
"""The name under which a vLLM server finds the strategy, among the request's `vllm_xargs`."""


class StepStrategy:
    """A strategy that runs steps one after another. A subclass names itself and says which steps."""

    name: ClassVar[str]
    version: ClassVar[str]
    title: ClassVar[str]
    Params: ClassVar[type[Params]]

    def __init__(self, params: Any) -> None:
        self.params = params
        self.steps = self._steps()

    def _steps(self) -> tuple[Step, ...]:
        raise NotImplementedError

    @property
    def samples(self) -> bool:
        """False at temperature 0: then only penalties act, and the likeliest token is taken."""
        return not any(step.heat and step.value == 0.0 for step in self.steps)

    @property
    def keeps_surprise(self) -> bool:
        """Whether the loop has to keep `History.surprise` for this strategy."""
        return self.samples and any(step.step == "mirostat" for step in self.steps)

    @property
    def max_new_tokens(self) -> int:
        """Where generation stops at the latest."""
        return int(self.params.max_new_tokens)

    @property
    def label(self) -> str:
        """Short text for a chip: the steps in their order, penalties last."""
        others = [step.label for step in self.steps if not step.penalty]
        plain = [] if any(step.heat for step in self.steps) else ["T 1"]
        parts = [*plain, *others] if self.samples else ["greedy"]
        text = " · ".join([*parts, *(step.label for step in self.steps if step.penalty)])
        return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"

    def needs(self) -> frozenset[str]:
        """Capabilities a backend must have; LOGITS where no server field says the same, LOOP to keep the surprise."""
        if self.keeps_surprise:
            return frozenset({Capability.LOOP})
        if not runs_on_servers(self._active()):
            return frozenset({Capability.LOGITS})
        return frozenset(step.need for step in self._active() if step.need)

    def apply(self, logits: Any, history: Any) -> Any:
        """New logits from logits, both (rows, vocabulary) float tensors, step after step."""
        for step in self._active():
            logits = step.apply(logits, history)
        return logits

    def request_fields(self) -> Mapping[str, Any]:
        """The same choice as fields of a request.

        Where a server has no such fields, the strategy itself travels in `vllm_xargs`, for the processors in
        `workers.decoding.shells`, and what the server would add of its own is switched off. Raises ValueError for
        mirostat.
        """
        if self.keeps_surprise:
            raise ValueError(said("Mirostat runs only on a model loaded here; no server tells what it drew from."))
        heat = {"max_tokens": self.max_new_tokens, "temperature": 1.0 if self.samples else 0.0}
        if not runs_on_servers(self._active()):
            whole = json.dumps({"strategy": self.name, "params": self.params.canonical()}, sort_keys=True)
            off = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}
            return {**heat, "top_p": 1.0, "extra_body": {**off, "vllm_xargs": {XARG: whole}}}
        standard, extra = server_fields(self._active())
        fields = {**heat, **({"top_p": 1.0} if self.samples else {}), **standard}
        return {**fields, "extra_body": extra} if extra else fields

    def nearby(self) -> Iterable[DecodingChoice]:
        """Choices like this one, the nearest first."""
        return nearby(self, next((float(step.value) for step in self.steps if step.heat), 1.0))

    def _active(self) -> tuple[Step, ...]:
        return self.steps if self.samples else tuple(step for step in self.steps if step.penalty)


class ChainParams(DecodingParams):
    """Settings of a chain."""

    max_new_tokens: int = Field(
        default=128, ge=1, le=4096, title="Longest output", description="Stop after this many tokens."
    )
    steps: tuple[WrittenStep, ...] = Field(
        default=(),
        max_length=14,
        title="Steps",
        description='Each such as {"step": "top-p", "value": 0.9}, or as text: top-p 0.9.',
    )
    order: Literal["default", "as-listed"] = Field(
        default="default",
        title="Order of the steps",
        description="default sorts the steps into the documented order; as-listed keeps yours.",
    )

    @model_validator(mode="after")
    def _sound(self) -> ChainParams:
        fault = fault_of(self.steps)
        if fault:
            raise ValueError(fault)
        if self.order == "default":
            # Stored sorted, so that one chain written in two orders has one fingerprint.
            object.__setattr__(self, "steps", in_order(self.steps))
        return self


class Chain(StepStrategy):
    """Any steps, in the documented order or in one's own."""

    name: ClassVar[str] = "chain"
    version: ClassVar[str] = VERSION
    title: ClassVar[str] = "Chain: several steps, one after another"
    Params: ClassVar[type[Params]] = ChainParams

    def _steps(self) -> tuple[Step, ...]:
        return tuple(self.params.steps)

    def nearby(self) -> Iterable[DecodingChoice]:
        """The chain with fewer steps, as many as possible first."""
        return fewer_steps(self)
