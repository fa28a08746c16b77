"""Logits, histories and settings that the tests of decoding share."""

from __future__ import annotations

from typing import Any

import torch

from leaderboard.contracts.registry import decoding
from workers.decoding.history import History

VOCABULARY = 97


def random_rows(count: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, History]:
    """Logits of many shapes, from nearly flat to nearly certain, some forbidden; and a past of mixed lengths."""
    source = torch.Generator().manual_seed(seed)
    width = torch.rand(count, 1, generator=source) * 6
    logits = torch.randn(count, VOCABULARY, generator=source) * width
    logits[torch.rand(count, VOCABULARY, generator=source) < 0.05] = float("-inf")
    logits[:, 0] = torch.randn(count, generator=source)
    lengths = torch.randint(3, 12, (count,), generator=source)
    known = torch.arange(12)[None, :] >= (12 - lengths)[:, None]
    ids = torch.where(known, torch.randint(0, VOCABULARY, (count, 12), generator=source), 0)
    step = torch.minimum(lengths - 1, torch.randint(0, 6, (count,), generator=source))
    surprise = torch.rand(count, generator=source).double() * 8 * step
    return logits.to(dtype), History(ids, known, lengths - step, step, surprise)


def picked(history: History, places: Any) -> History:
    """Some rows of a past."""
    fields = (history.ids, history.known, history.prompt_length, history.step, history.surprise)
    return History(*(None if field is None else field[places] for field in fields))


def settings_of(name: str) -> dict[str, Any]:
    """Settings that make a registered strategy do all it can."""
    if name == "chain":
        steps = ("repetition-penalty 1.2", "presence-penalty 0.4", "frequency-penalty 0.1", "top-nsigma 2.5")
        cuts = ("temperature 1.3", "top-h 0.9", "top-k 40", "top-p 0.95", "min-p 0.01", "typical 0.95", "mirostat 4")
        return {"steps": [*steps, *cuts]}
    fields = decoding.get(name).Params.model_fields
    return {"repetition_penalty": 1.2} if "repetition_penalty" in fields else {}


def cooled(name: str, heat: float) -> dict[str, Any]:
    """The same settings at another temperature."""
    settings = settings_of(name)
    if name == "chain":
        return {"steps": [f"temperature {heat}" if "temperature" in s else s for s in settings["steps"]]}
    if name == "best-of-n":
        return {**settings, "sampler": f"temperature temperature={heat}"}
    key = "t0" if "t0" in decoding.get(name).Params.model_fields else "temperature"
    return {**settings, key: heat}


def built(name: str, settings: dict[str, Any] | None = None) -> Any:
    """A registered strategy with settings."""
    return decoding.build(name, settings_of(name) if settings is None else settings)
