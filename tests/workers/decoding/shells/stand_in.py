"""The parts of vLLM's two processor interfaces that a processor meets, as published with vLLM 0.32.

Only what the interfaces document: the abstract methods, the tuple of an added request, the direction of a move, and
the fields of a step's layout. The engine around them is the test.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum, auto
from types import ModuleType, SimpleNamespace
from typing import Any

import torch


class MoveDirectionality(Enum):
    UNIDIRECTIONAL = auto()
    SWAP = auto()


@dataclass(frozen=True)
class BatchUpdate:
    batch_size: int
    removed: Any = ()
    added: Any = ()
    moved: Any = ()


class FirstProcessor(ABC):
    @classmethod  # noqa: B027
    def validate_params(cls, sampling_params: Any) -> None: ...

    @abstractmethod
    def __init__(self, vllm_config: Any, device: Any, is_pin_memory: bool) -> None: ...

    @abstractmethod
    def apply(self, logits: torch.Tensor) -> torch.Tensor: ...

    @abstractmethod
    def is_argmax_invariant(self) -> bool: ...

    @abstractmethod
    def update_state(self, batch_update: BatchUpdate | None) -> None: ...


class SecondProcessor(ABC):
    def __init__(self, vllm_config: Any, req_states: Any) -> None: ...  # noqa: B027

    @classmethod  # noqa: B027
    def validate_params(cls, sampling_params: Any) -> None: ...

    def add_request(self, req_idx: int, sampling_params: Any) -> bool:
        return True

    def apply_staged_writes(self) -> None: ...  # noqa: B027

    @abstractmethod
    def apply(self, logits: torch.Tensor, ctx: Any) -> torch.Tensor: ...


@dataclass
class SamplingParams:
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    extra_args: dict[str, Any] | None = field(default=None)


def request_states(slots: int, longest: int) -> SimpleNamespace:
    """A runner's buffers: ids by slot, and how long prompt and whole are."""
    prompt = torch.zeros(slots, dtype=torch.int32)
    return SimpleNamespace(
        all_token_ids=SimpleNamespace(gpu=torch.zeros(slots, longest, dtype=torch.int32)),
        prompt_len=SimpleNamespace(np=prompt.numpy(), gpu=prompt),
        total_len=SimpleNamespace(gpu=torch.zeros(slots, dtype=torch.int32)),
    )


def modules() -> dict[str, ModuleType]:
    """The modules that a processor imports, by name."""
    first, second = ModuleType("vllm.v1.sample.logits_processor"), ModuleType("vllm.v1.worker.gpu.sample")
    first.__dict__.update(LogitsProcessor=FirstProcessor, MoveDirectionality=MoveDirectionality)
    second.__dict__.update(LogitsProcessor=SecondProcessor)
    names = ("vllm", "vllm.v1", "vllm.v1.sample", "vllm.v1.worker", "vllm.v1.worker.gpu", "vllm.v1.worker.gpu.sample")
    parents = {name: ModuleType(name) for name in names}
    return {
        **parents,
        "vllm.v1.sample.logits_processor": first,
        "vllm.v1.worker.gpu.sample.logits_processor": second,
    }
