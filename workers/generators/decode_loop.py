"""The decode loop over a transformers model: rows of many configurations in one running batch.

Rows are padded on the left. Each distinct prompt is read once and its cache copied to all its samples. Finished
rows leave and waiting rows enter. A row's noise comes from its own key, so its neighbours change nothing.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from leaderboard.contracts.values import FinishReason, Generation, GenerationRequest
from workers.decoding.history import History
from workers.decoding.noise import gumbel, row_key


@dataclass(frozen=True)
class Waiting:
    """A request that is ready to be decoded: prompt ids and the strategy to choose tokens with."""

    request: GenerationRequest
    ids: tuple[int, ...]
    truncated: bool
    strategy: Any


@dataclass
class Row:
    """A request in the running batch. `seconds` is its share of the wall time so far."""

    waiting: Waiting
    key: int
    step: int = 0
    logprob: float = 0.0
    seconds: float = 0.0
    first: tuple[tuple[str, float], ...] | None = None
    reason: FinishReason | None = None


class Running:
    """The tensors of the batch. `ids`, `known`: (rows, width); `logits`: (rows, vocabulary) float32 for the next token.

    `cache` is a DynamicCache whose layers hold (rows, heads, width, size).
    """

    def __init__(self, rows: list[Row], ids: Tensor, known: Tensor, cache: Any, logits: Tensor) -> None:
        self.rows, self.ids, self.known, self.cache, self.logits = rows, ids, known, cache, logits

    def keep(self, places: list[int]) -> None:
        """Drop all other rows, and the columns that are padding in every row left."""
        index = torch.tensor(places, device=self.ids.device)
        known = self.known[index]
        lead = int(known.int().argmax(1).min())
        self.rows = [self.rows[place] for place in places]
        self.ids, self.known, self.logits = self.ids[index, lead:], known[:, lead:], self.logits[index]
        for layer in self.cache.layers:
            # The last column is not in the cache yet, so the cache is one column shorter than `ids` at most.
            layer.keys, layer.values = layer.keys[index][:, :, lead:], layer.values[index][:, :, lead:]

    def join(self, other: Running) -> None:
        """Add the rows of `other`, both padded on the left to the wider of the two."""
        width = max(self.ids.shape[1], other.ids.shape[1])
        self.rows += other.rows
        self.ids = torch.cat([_left_pad(self.ids, width, 1), _left_pad(other.ids, width, 1)])
        self.known = torch.cat([_left_pad(self.known, width, 1), _left_pad(other.known, width, 1)])
        self.logits = torch.cat([self.logits, other.logits])
        for mine, theirs in zip(self.cache.layers, other.cache.layers, strict=True):
            mine.keys = torch.cat([_left_pad(mine.keys, width, 2), _left_pad(theirs.keys, width, 2)])
            mine.values = torch.cat([_left_pad(mine.values, width, 2), _left_pad(theirs.values, width, 2)])


def _left_pad(values: Tensor, width: int, axis: int) -> Tensor:
    lead = width - values.shape[axis]
    if not lead:
        return values
    shape = list(values.shape)
    shape[axis] = lead
    return torch.cat([values.new_zeros(shape), values], dim=axis)


class DecodeLoop:
    """Runs requests through a model; see the module."""

    def __init__(self, model: Any, tokenizer: Any, limit: int) -> None:
        self.model, self.tokenizer, self.limit = model, tokenizer, limit
        self.device = next(model.parameters()).device
        self.ends = _end_ids(model, tokenizer)

    def run(self, requests: Iterable[Waiting]) -> Iterator[Generation]:
        """Yields every output once. Out of memory, it halves the batch and starts the rows in flight again."""
        queue = deque(requests)
        running: Running | None = None
        while queue or running:
            try:
                with torch.inference_mode():
                    running = self._admit(queue, running)
                    done = self._choose(running)
                    self._forward(running)
            except torch.OutOfMemoryError:
                queue.extendleft(row.waiting for row in reversed(running.rows if running else []) if not row.reason)
                running = None
                self._halve()
                continue
            yield from done
            running = _without_finished(running)

    def _halve(self) -> None:
        if self.limit == 1:
            raise torch.OutOfMemoryError("One row alone does not fit in memory.")
        self.limit //= 2
        torch.cuda.empty_cache()

    def _admit(self, queue: deque[Waiting], running: Running | None) -> Running:
        """Fill the batch when it is half empty; smaller gaps are not worth a prefill."""
        active = len(running.rows) if running else 0
        if running and (not queue or active > self.limit // 2):
            return running
        taken = [queue.popleft() for _ in range(min(len(queue), self.limit - active))]
        try:
            fresh = self._prefill(taken)
        except torch.OutOfMemoryError:
            queue.extendleft(reversed(taken))
            raise
        if running is None:
            return fresh
        running.join(fresh)
        return running

    def _prefill(self, taken: list[Waiting]) -> Running:
        """Read each distinct prompt once, then copy its cache to every row that shares it."""
        from transformers import DynamicCache

        prompts = list(dict.fromkeys(waiting.ids for waiting in taken))
        width = max(map(len, prompts))
        ids = torch.tensor([[0] * (width - len(p)) + list(p) for p in prompts], device=self.device)
        known = torch.tensor([[False] * (width - len(p)) + [True] * len(p) for p in prompts], device=self.device)
        cache: Any = DynamicCache(config=self.model.config)
        logits = self._call(ids, known, cache, ids)
        place = {prompt: i for i, prompt in enumerate(prompts)}
        index = torch.tensor([place[waiting.ids] for waiting in taken], device=self.device)
        for layer in cache.layers:
            layer.keys, layer.values = layer.keys[index], layer.values[index]
        rows = [Row(w, row_key(w.request.seed, w.request.noise_key, w.request.sample)) for w in taken]
        return Running(rows, ids[index], known[index], cache, logits[index])

    def _call(self, ids: Tensor, known: Tensor, cache: Any, fed: Tensor) -> Tensor:
        places = (known.long().cumsum(1) - 1).clamp(min=0)[:, -fed.shape[1] :]
        out = self.model(
            input_ids=fed,
            attention_mask=known.long(),
            position_ids=places,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: Tensor = out.logits[:, -1].float()
        return logits

    def _forward(self, running: Running) -> None:
        """Feed the newest column, unless every row has just finished."""
        if all(row.reason for row in running.rows):
            return
        began = time.perf_counter()
        running.logits = self._call(running.ids, running.known, running.cache, running.ids[:, -1:])
        share = (time.perf_counter() - began) / len(running.rows)
        for row in running.rows:
            row.seconds += share

    def _choose(self, running: Running) -> list[Generation]:
        """Choose a token for every row and append it; returns the outputs that this finished."""
        began = time.perf_counter()
        if any(not row.step and row.waiting.request.top_logprobs for row in running.rows):
            self._note_first(running)
        tokens = self._tokens(running)
        logprobs = running.logits.log_softmax(-1).gather(1, tokens[:, None])[:, 0].tolist()
        running.ids = torch.cat([running.ids, tokens[:, None]], dim=1)
        running.known = torch.cat([running.known, torch.ones_like(running.known[:, :1])], dim=1)
        done = []
        share = (time.perf_counter() - began) / len(running.rows)
        for i, (row, token, logprob) in enumerate(zip(running.rows, tokens.tolist(), logprobs, strict=True)):
            if row.reason:
                continue
            row.step, row.logprob, row.seconds = row.step + 1, row.logprob + logprob, row.seconds + share
            if token in self.ends:
                row.reason = FinishReason.STOP
            elif row.step >= row.waiting.strategy.max_new_tokens:
                row.reason = FinishReason.LENGTH
            if row.reason:
                done.append(self._output(row, running.ids[i, -row.step :].tolist()))
        return done

    def _tokens(self, running: Running) -> Tensor:
        """(rows,) int64: the argmax after the strategy and, where it samples, the row's own noise."""
        groups: dict[int, list[int]] = defaultdict(list)
        for i, row in enumerate(running.rows):
            groups[id(row.waiting.strategy)].append(i)
        tokens = torch.empty(len(running.rows), dtype=torch.long, device=self.device)
        for places in groups.values():
            index = torch.tensor(places, device=self.device)
            rows = [running.rows[i] for i in places]
            strategy = rows[0].waiting.strategy
            steps = torch.tensor([row.step for row in rows], device=self.device)
            lengths = torch.tensor([len(row.waiting.ids) for row in rows], device=self.device)
            history = History(running.ids[index], running.known[index], lengths, steps)
            scores = strategy.apply(running.logits[index], history).double()
            if strategy.samples:
                keys = torch.tensor([row.key for row in rows], device=self.device)
                scores = scores + gumbel(keys, steps, scores.shape[1])
            tokens[index] = _first_best(scores)
        return tokens

    def _note_first(self, running: Running) -> None:
        logprobs = running.logits.log_softmax(-1)
        for i, row in enumerate(running.rows):
            count = row.waiting.request.top_logprobs
            if count and not row.step:
                best = logprobs[i].topk(min(count, logprobs.shape[1]))
                texts = [self.tokenizer.decode([token]) for token in best.indices.tolist()]
                row.first = tuple(zip(texts, best.values.tolist(), strict=True))

    def _output(self, row: Row, ids: list[int]) -> Generation:
        assert row.reason is not None
        text = self.tokenizer.decode([i for i in ids if i not in self.ends], skip_special_tokens=True)
        return Generation(
            key=row.waiting.request.key,
            text=text,
            finish_reason=row.reason,
            prompt_tokens=len(row.waiting.ids),
            output_tokens=row.step,
            seconds=row.seconds,
            logprob=row.logprob,
            first_logprobs=row.first,
            prompt_truncated=row.waiting.truncated,
        )


def _first_best(scores: Tensor) -> Tensor:
    """The argmax of each row, ties to the lowest id: plain argmax promises no order on a GPU."""
    ids = torch.arange(scores.shape[1], device=scores.device)
    best = scores == scores.amax(1, keepdim=True)
    return torch.where(best, ids, scores.shape[1]).amin(1)


def _without_finished(running: Running) -> Running | None:
    """Finished rows leave once they are an eighth of the batch: each departure copies the cache."""
    alive = [i for i, row in enumerate(running.rows) if not row.reason]
    if not alive:
        return None
    if len(running.rows) - len(alive) >= max(1, len(running.rows) // 8):
        running.keep(alive)
    return running


def _end_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    found = getattr(model.generation_config, "eos_token_id", None)
    ends = found if isinstance(found, list) else [found]
    return frozenset(i for i in [*ends, tokenizer.eos_token_id] if i is not None)
