"""A loaded reward model: prompts and answers in, scores out. Safetensors only, and never code from a model's folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from judges.metrics.armorm import ARCHITECTURE, ArmoRM
from judges.metrics.reward_model import RewardModelParams
from leaderboard.contracts.control_tokens import control_tokens, plain_text
from leaderboard.contracts.model_folder import origin
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.said import said

FSFAIRX = "FsfairX-LLaMA3-RM-v0.1"


class RewardReader:
    """Loads the weights once. Raises InvalidInput at ("model",) or ("adapter",) where they are no such reward model."""

    def __init__(self, params: RewardModelParams) -> None:
        where, pinned = origin(params)
        self.device, dtype = params.chosen(cuda=torch.cuda.is_available())
        self.batch_size = params.batch_size
        config = AutoConfig.from_pretrained(where, **pinned)
        self.tokenizer: Any = AutoTokenizer.from_pretrained(where, **pinned)
        self.tokenizer.padding_side = "right"
        self.control = control_tokens(self.tokenizer)
        self.adapter = _adapter(params, config, self.tokenizer)
        load = ArmoRM.load if self.adapter == "armorm" else _load_classifier
        model: Any = load(where, dtype=getattr(torch, dtype), **pinned)
        self.model = model.to(self.device).eval()
        self.window = int(getattr(config, "max_position_embeddings", 0) or 0)
        if self.adapter == "armorm":
            self.model.find_gate(self.tokenizer)

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[float | None]:
        """The score of each (prompt, answer), None where it is longer than the context. Raises MemoryError."""
        coded = [self.encode(prompt, answer) for prompt, answer in pairs]
        scores: list[float | None] = [None] * len(pairs)
        fitting = [i for i, one in enumerate(coded) if not self.window or len(one["input_ids"]) <= self.window]
        for part in self._batches(sorted(fitting, key=lambda i: len(coded[i]["input_ids"]))):
            for place, value in zip(part, self._forward([coded[i] for i in part]), strict=True):
                scores[place] = value
        return scores

    def encode(self, prompt: str, answer: str) -> dict[str, list[int]]:
        """Token ids and what goes with them, as the adapter shows a prompt and an answer."""
        prompt, answer = (plain_text(text, self.control) for text in (prompt, answer))
        if self.adapter == "plain":
            return dict(self.tokenizer(prompt, answer))
        turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
        text = self.tokenizer.apply_chat_template(turns, tokenize=False)
        if self.adapter == "fsfairx":
            return dict(self.tokenizer(text.replace(self.tokenizer.bos_token or "\0", "")))
        return dict(self.tokenizer(text, add_special_tokens=False))

    def _batches(self, order: Sequence[int]) -> Iterator[Sequence[int]]:
        """Without a padding token a batch is one text."""
        size = self.batch_size if self.tokenizer.pad_token_id is not None else 1
        return (order[start : start + size] for start in range(0, len(order), size))

    @torch.inference_mode()
    def _forward(self, part: Sequence[dict[str, list[int]]]) -> list[float]:
        if len(part) == 1 or self.tokenizer.pad_token_id is None:
            padded = {name: torch.tensor([values]) for name, values in part[0].items()}
        else:
            padded = dict(self.tokenizer.pad(list(part), return_tensors="pt"))
        try:
            logits = self.model(**{name: values.to(self.device) for name, values in padded.items()}).logits
        except torch.OutOfMemoryError:
            if len(part) == 1:
                raise MemoryError("One answer alone does not fit the memory of the device.") from None
            torch.cuda.empty_cache()
            half = len(part) // 2
            return self._forward(part[:half]) + self._forward(part[half:])
        return [float(value) for value in logits.float().reshape(len(part))]


def _adapter(params: RewardModelParams, config: Any, tokenizer: Any) -> str:
    gated = ARCHITECTURE in (config.architectures or ())
    if params.adapter == "armorm" and not gated:
        raise _fault(
            "adapter",
            said(
                "{model} is no {architecture}; choose another adapter.", model=params.model, architecture=ARCHITECTURE
            ),
        )
    if params.adapter in ("chat", "fsfairx") and not tokenizer.chat_template:
        raise _fault("adapter", said("{model} has no chat template; choose plain.", model=params.model))
    if params.adapter != "auto":
        return params.adapter
    if gated:
        return "armorm"
    if params.model.endswith(FSFAIRX):
        return "fsfairx"
    return "chat" if tokenizer.chat_template else "plain"


def _load_classifier(where: str, **pinned: Any) -> Any:
    model, told = AutoModelForSequenceClassification.from_pretrained(
        where, use_safetensors=True, output_loading_info=True, **pinned
    )
    if told["missing_keys"]:
        names = ", ".join(sorted(told["missing_keys"])[:3])
        raise _fault("model", said("This is no reward model: its weights lack {names}.", names=names))
    if model.config.num_labels != 1:
        raise _fault(
            "model",
            said(
                "This model gives {num_labels} numbers; a reward model gives one.", num_labels=model.config.num_labels
            ),
        )
    return model


def _fault(name: str, message: str) -> InvalidInput:
    return InvalidInput(FieldError((name,), message))
