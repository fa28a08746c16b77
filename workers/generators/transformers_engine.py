"""The `transformers` generator: any causal language model from a local folder or a pinned hub commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from leaderboard.contracts import registry
from leaderboard.contracts.control_tokens import control_tokens, plain_text
from leaderboard.contracts.model_folder import WeightsParams, identify, origin
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.said import said
from leaderboard.contracts.values import Generation, GenerationRequest, Likelihood, Message, ModelIdentity
from workers.generators.errors import GenerationFailed

if TYPE_CHECKING:
    from workers.generators.rows import Figures, Waiting

ROOM = 8
"""Least number of prompt tokens that must fit beside the new ones."""


class TransformersParams(WeightsParams):
    """Which weights to load, and how they are run."""

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
            Capability.LOOP,
            Capability.LOGITS,
            Capability.LOGPROBS,
            Capability.PROMPT_LOGPROBS,
            Capability.SEED,
            Capability.TOP_K,
            Capability.TOP_P,
            Capability.MIN_P,
            Capability.REPETITION_PENALTY,
            Capability.PRESENCE_PENALTY,
            Capability.FREQUENCY_PENALTY,
        }
    )
    Params = TransformersParams

    def __init__(self, params: TransformersParams) -> None:
        """Load the weights: safetensors only, and never code from the model's folder."""
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.params = params
        where, pinned = origin(params)
        self.device, wanted = params.chosen(cuda=torch.cuda.is_available())
        self.dtype = getattr(torch, wanted)
        self.tokenizer = AutoTokenizer.from_pretrained(where, **pinned)
        self._control = control_tokens(self.tokenizer)
        model: Any = AutoModelForCausalLM.from_pretrained(where, use_safetensors=True, dtype=self.dtype, **pinned)
        self.model = model.to(self.device).eval()
        self.figures: Figures | None = None
        """What the run under way, or else the last run, took; None before the first."""
        self._under_way = False

    @classmethod
    def identity(cls, params: TransformersParams) -> ModelIdentity:
        """The pinned model; a number type that was chosen is part of its revision, since it changes outputs.

        Raises InvalidInput at ("model",) or ("revision",). Imports no torch.
        """
        found = identify(params.model, params.revision)
        return found if params.dtype == "auto" else replace(found, revision=f"{found.revision} {params.dtype}")

    def generate(self, requests: Sequence[GenerationRequest]) -> Iterator[Generation]:
        """Yields outputs as they finish. Raises MemoryError where one output alone does not fit in memory."""
        return self._run(requests)

    def stream(self, request: GenerationRequest, told: Callable[[str], None]) -> Generation:
        """The same of one request; `told` is given the text so far after each token, and may raise to end it."""
        return next(self._run([request], told))

    def _run(
        self, requests: Sequence[GenerationRequest], told: Callable[[str], None] | None = None
    ) -> Iterator[Generation]:
        from workers.generators.decode_loop import DecodeLoop

        if any(request.schema is not None for request in requests):
            raise GenerationFailed(said("This backend cannot hold an output to a JSON schema."))
        loop = DecodeLoop(self.model, self.tokenizer, self.params.batch_size, listener=told)
        try:
            for made in loop.run(self._waiting(requests)):
                self.figures, self._under_way = loop.figures, True
                yield made
        finally:
            self._under_way = False

    def likelihoods(self, items: Sequence[tuple[tuple[Message, ...], str]]) -> list[Likelihood]:
        """How likely each text is as the answer to its messages, without the end of the turn."""
        from workers.generators.likelihood import likelihoods

        rows = [(self._encode(messages), self._plain(text)) for messages, text in items]
        return likelihoods(self.model, rows, int(getattr(self.model.config, "max_position_embeddings", 0) or 0))

    def _plain(self, text: str) -> list[int]:
        return list(self.tokenizer(plain_text(text, self._control), add_special_tokens=False).input_ids)

    def _waiting(self, requests: Sequence[GenerationRequest]) -> list[Waiting]:
        encoded: dict[tuple[Message, ...], list[int]] = {}
        strategies: dict[str, Any] = {}
        rows = []
        for request in requests:
            chosen = f"{request.decoding.strategy} {sorted(request.decoding.params.items())}"
            if chosen not in strategies:
                strategies[chosen] = registry.decoding.build(request.decoding.strategy, request.decoding.params)
            strategy = strategies[chosen]
            if hasattr(strategy, "pool"):
                raise ValueError(f"'{strategy.label}' is chosen among outputs; ask for those of its sampler.")
            contexts = strategy.contexts(request.messages) if hasattr(strategy, "contexts") else (request.messages,)
            for messages in contexts:
                if messages not in encoded:
                    encoded[messages] = self._encode(messages)
            fitted = [self._fit(encoded[messages], strategy.max_new_tokens) for messages in contexts]
            rows.append(_waiting(request, strategy, fitted))
        return rows

    def _encode(self, messages: tuple[Message, ...]) -> list[int]:
        turns = [{"role": one.role, "content": plain_text(one.content, self._control)} for one in messages]
        if not self.tokenizer.chat_template:
            return list(self.tokenizer("\n".join(turn["content"] for turn in turns)).input_ids)
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


def _waiting(request: GenerationRequest, strategy: Any, fitted: Sequence[tuple[list[int], bool]]) -> Waiting:
    """`fitted`: ids and whether they were cut, of the prompt and, where there is another context, of that."""
    from workers.generators.rows import Waiting

    (ids, _), *others = fitted
    without = next((tuple(other) for other, _ in others if other != ids), None)
    if without is not None and not without:
        raise ValueError("The prompt is nothing but evidence; without it no text is left to read.")
    return Waiting(request, tuple(ids), any(cut for _, cut in fitted), strategy, without)
