"""The `transformers` generator: any causal language model from a local folder or a pinned hub commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from leaderboard.contracts import registry
from leaderboard.contracts.params import Params
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.values import Generation, GenerationRequest, Message, ModelIdentity
from workers.generators.model_folder import find_local, identify

if TYPE_CHECKING:
    from workers.generators.rows import Figures, Waiting

ROOM = 8
"""Least number of prompt tokens that must fit beside the new ones."""


class TransformersParams(Params):
    """Which weights to load, and how."""

    model: str = Field(title="Model", description="A folder such as pebble-m, or a hub id such as org/name.")
    revision: str = Field(default="", title="Revision", description="For a hub id: the commit. Empty for a folder.")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto", title="Number type", description="auto is float32 on a CPU and bfloat16 on a GPU."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", title="Device", description="auto takes a GPU if there is one."
    )
    batch_size: int = Field(
        default=256,
        ge=1,
        le=4096,
        title="Batch size",
        description="Most texts that the model reads side by side; fewer where memory is short.",
    )


class TransformersGenerator:
    """Decodes with our own loop, so that one batch can mix strategies and every row has its own seed."""

    name: ClassVar[str] = "transformers"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "A model loaded here, with transformers"
    backend: ClassVar[str] = "transformers"
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {
            Capability.LOGITS,
            Capability.LOGPROBS,
            Capability.SEED,
            Capability.TOP_K,
            Capability.TOP_P,
            Capability.MIN_P,
            Capability.REPETITION_PENALTY,
        }
    )
    Params = TransformersParams

    def __init__(self, params: TransformersParams) -> None:
        """Load the weights: safetensors only, and never code from the model's folder."""
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.params = params
        local = find_local(params.model)
        where = str(local.folder) if local else params.model
        pinned: dict[str, Any] = {"revision": params.revision} if local is None else {"local_files_only": True}
        cuda = torch.cuda.is_available() if params.device == "auto" else params.device == "cuda"
        self.device = "cuda" if cuda else "cpu"
        wanted = params.dtype if params.dtype != "auto" else ("bfloat16" if cuda else "float32")
        self.dtype = getattr(torch, wanted)
        self.tokenizer = AutoTokenizer.from_pretrained(where, trust_remote_code=False, **pinned)
        model: Any = AutoModelForCausalLM.from_pretrained(
            where, use_safetensors=True, trust_remote_code=False, dtype=self.dtype, **pinned
        )
        self.model = model.to(self.device).eval()
        self.figures: Figures | None = None
        """What the run under way, or else the last run, took; None before the first."""
        self._under_way = False

    @classmethod
    def identity(cls, params: TransformersParams) -> ModelIdentity:
        """The pinned model. Raises InvalidInput at ("model",) or ("revision",). Imports no torch."""
        return identify(params.model, params.revision)

    def generate(self, requests: Sequence[GenerationRequest]) -> Iterator[Generation]:
        """Yields outputs as they finish. Raises MemoryError where one output alone does not fit in memory."""
        from workers.generators.decode_loop import DecodeLoop

        loop = DecodeLoop(self.model, self.tokenizer, self.params.batch_size)
        try:
            for made in loop.run(self._waiting(requests)):
                self.figures, self._under_way = loop.figures, True
                yield made
        finally:
            self._under_way = False

    def _waiting(self, requests: Sequence[GenerationRequest]) -> list[Waiting]:
        from workers.generators.rows import Waiting

        encoded: dict[tuple[Message, ...], list[int]] = {}
        strategies: dict[str, Any] = {}
        rows = []
        for request in requests:
            if request.messages not in encoded:
                encoded[request.messages] = self._encode(request.messages)
            chosen = f"{request.decoding.strategy} {sorted(request.decoding.params.items())}"
            if chosen not in strategies:
                strategies[chosen] = registry.decoding.build(request.decoding.strategy, request.decoding.params)
            ids, truncated = self._fit(encoded[request.messages], strategies[chosen].max_new_tokens)
            rows.append(Waiting(request, tuple(ids), truncated, strategies[chosen]))
        return rows

    def _encode(self, messages: tuple[Message, ...]) -> list[int]:
        if not self.tokenizer.chat_template:
            plain = "\n".join(message.content for message in messages)
            return list(self.tokenizer(plain).input_ids)
        turns = [{"role": message.role, "content": message.content} for message in messages]
        text = self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def _fit(self, ids: list[int], new: int) -> tuple[list[int], bool]:
        """The end of the prompt that leaves room for `new` tokens, and whether anything was cut."""
        window = int(getattr(self.model.config, "max_position_embeddings", 0) or 0)
        if not window or len(ids) + new <= window:
            return ids, False
        if window - new < ROOM:
            raise ValueError(f"{new} new tokens do not fit a context of {window} tokens; ask for fewer.")
        return ids[-(window - new) :], True

    def provenance(self) -> Mapping[str, str]:
        """Versions, device, dtype, and whether a run can be repeated bit for bit.

        While `generate` is under way, also the tokens per second and the peak memory so far.
        """
        import torch

        exact = self.device == "cpu" and self.dtype == torch.float32
        return {
            "engine": f"touchstone {self.version}",
            "torch": torch.__version__,
            "transformers": version("transformers"),
            "device": torch.cuda.get_device_name() if self.device == "cuda" else "cpu",
            "dtype": str(self.dtype).removeprefix("torch."),
            "repeatable": "bit-exact" if exact else "seeded, not bit-exact",
            **self._took(),
        }

    def _took(self) -> dict[str, str]:
        if self.figures is None or not self._under_way:
            return {}
        return {
            "batch limit": str(self.figures.limit),
            "tokens per second": f"{self.figures.tokens_per_second:.0f}",
            "peak memory MiB": f"{self.figures.peak_bytes / 2**20:.0f}",
        }
