"""How much memory is free, how many branches fit in it, and which errors mean that there was not enough."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import torch

SHARE = 0.8
"""Part of the free memory that a batch may take; the rest is for what grows beside it."""
WORDS = ("out of memory", "can't allocate memory", "not enough memory")
FLOAT64 = 8
SCORES = 6
"""Arrays of vocabulary size that choosing a token holds at its peak, counted as float64."""
PAGES = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether `problem` says that memory ran out: CUDA, CPU and Python each have an error of their own."""
    if isinstance(problem, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(problem, RuntimeError) and any(word in str(problem).lower() for word in WORDS)


def free_bytes(device: torch.device) -> int | None:
    """Bytes that this process can still take on `device`; None where the system does not tell."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    found = [size for size in (_available(), _group_room()) if size is not None]
    return min(found) if found else None


def peak_bytes(device: torch.device) -> int:
    """The most that was in use: on CUDA since `torch.cuda.reset_peak_memory_stats`, else over the process's life."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def branch_bytes(config: Any, length: int, itemsize: int) -> int:
    """About what a branch of `length` tokens takes: keys and values of all layers, and its rows of scores."""
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    cache = 2 * text.num_hidden_layers * heads * size * itemsize
    return int(cache * length + SCORES * FLOAT64 * text.vocab_size)


def fitting(config: Any, length: int, itemsize: int, device: torch.device) -> int | None:
    """How many branches of `length` tokens fit in `SHARE` of the free memory, at least 1; None where unknown."""
    free = free_bytes(device)
    return None if free is None else max(1, int(SHARE * free) // branch_bytes(config, length, itemsize))


def _available() -> int | None:
    if not PAGES.exists():
        return None
    fields = dict(line.split(":", 1) for line in PAGES.read_text().splitlines() if ":" in line)
    return int(fields["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in fields else None


def _group_room() -> int | None:
    """What the control group, such as a container's, still allows; None without a limit."""
    try:
        most, used = ((GROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return None
    return max(0, int(most) - int(used)) if most.isdigit() else None
