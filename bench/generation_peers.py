"""transformers on the same sweep: `generate` once for each configuration, and its continuous batching."""

from __future__ import annotations

import logging
from typing import Any

import torch
from transformers import GenerationConfig

from bench.generation_work import SWEEP, Clock, Configuration, Taken, Work

SIZES = (32, 64, 200)
"""Batch sizes that `generate` is tried with; the fastest is measured."""
PAGE = 32
SIDE_BY_SIDE = {"cpu": 32, "cuda": 256}
"""Requests that continuous batching decodes together. On a CPU its mask grows with their square."""
PATIENCE = 120.0
"""Seconds after which continuous batching counts as stuck."""


def best_size(work: Work) -> int:
    """The batch size with which `generate` is fastest at T 1, which is where most tokens are written."""
    whole = len(work.prompts) * work.samples
    tried = {min(size, whole) for size in SIZES}
    return max(sorted(tried), key=lambda size: _configuration(work, SWEEP[2], size).rate(by_cpu=_on_cpu(work)))


def generate(work: Work, size: int) -> Taken:
    """Every configuration by itself, prompts sorted by length. Greedy is decoded once a prompt and counted for all."""
    parts = [_configuration(work, one, size) for one in SWEEP]
    return Taken(*(sum(values) for values in zip(*((p.cpu_s, p.wall_s, p.tokens) for p in parts), strict=True)))


def continuous(work: Work, seed: int) -> Taken | None:
    """All requests in one go, each with its own settings. None where it does not finish here.

    Not timed: its thread's start and end, and one request to warm it up.
    """
    logging.getLogger("ContinuousBatchingLogger").setLevel(logging.CRITICAL)
    manager = _manager(work, seed)
    manager.start()
    try:
        _collect(manager, 1, [(work.prompts[0], {})])
        asked = [(ids, _request(one)) for ids in work.prompts for one in SWEEP for _ in range(work.samples)]
        with Clock(work.model.device) as clock:
            tokens = _collect(manager, work.new_tokens, asked)
    except TimeoutError:
        return None
    finally:
        manager.stop(block=True, timeout=5)
    return clock.taken(tokens)


def _configuration(work: Work, one: Configuration, size: int) -> Taken:
    times = 1 if one.name == "greedy" else work.samples
    rows = sorted((ids for ids in work.prompts for _ in range(times)), key=len)
    config = GenerationConfig(
        max_new_tokens=work.new_tokens, eos_token_id=work.ends or None, pad_token_id=0, **one.theirs
    )
    tokens = 0
    with Clock(work.model.device) as clock:
        for first in range(0, len(rows), size):
            tokens += _batch(work, rows[first : first + size], config)
    return clock.taken(tokens * (work.samples // times))


def _batch(work: Work, rows: list[tuple[int, ...]], config: GenerationConfig) -> int:
    width, device = max(map(len, rows)), work.model.device
    ids = torch.tensor([[0] * (width - len(row)) + list(row) for row in rows], device=device)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=device)
    made = work.model.generate(input_ids=ids, attention_mask=mask, generation_config=config)[:, width:]
    if not work.ends:
        return int(made.numel())
    ended = torch.isin(made, torch.tensor(work.ends, device=device)).long().cumsum(1)
    # A row counts through its first end; what follows is padding.
    return int(((ended - torch.isin(made, torch.tensor(work.ends, device=device)).long()) == 0).sum())


def _manager(work: Work, seed: int) -> Any:
    from transformers import ContinuousBatchingConfig

    longest = max(map(len, work.prompts)) + work.new_tokens
    rows = SIDE_BY_SIDE[work.model.device.type]
    settings = ContinuousBatchingConfig(
        page_size=PAGE, num_blocks=rows * (longest // PAGE + 2), max_batch_tokens=1024, max_requests_per_batch=rows,
        per_request_processors=True, seed=seed,
    )  # fmt: skip
    # Settings that differ from the defaults, or no processor is made for them and requests cannot change them.
    config = GenerationConfig(
        max_new_tokens=work.new_tokens, do_sample=True, temperature=0.9, top_k=50, top_p=0.9,
        eos_token_id=work.ends[0] if work.ends else -1, pad_token_id=0,
    )  # fmt: skip
    return work.model.init_continuous_batching(generation_config=config, continuous_batching_config=settings)


def _request(one: Configuration) -> dict[str, Any]:
    if not one.theirs["do_sample"]:
        return {"temperature": 1.0, "top_k": 1, "top_p": 1.0}
    return {name: one.theirs[name] for name in ("temperature", "top_p")} | {"top_k": one.theirs["top_k"] or 512}


def _collect(manager: Any, new_tokens: int, asked: list[tuple[tuple[int, ...], dict[str, Any]]]) -> int:
    for ids, fields in asked:
        manager.add_request(list(ids), max_new_tokens=new_tokens, **fields)
    tokens, done = 0, 0
    while done < len(asked):
        result = manager.get_result(timeout=PATIENCE)
        if result is None:
            raise TimeoutError
        if result.is_finished():
            tokens, done = tokens + len(result.generated_tokens), done + 1
    return tokens


def _on_cpu(work: Work) -> bool:
    return bool(work.model.device.type == "cpu")
