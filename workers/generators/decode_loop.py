"""The decode loop over a transformers model: rows of many configurations in one running batch.

Each distinct prompt is read once. Rows that have written the same behind the same prompt share a branch, so the
model reads it once for all of them; where they choose different tokens, the branch splits. Finished rows leave and
waiting rows enter. A row's noise comes from its own key, so its neighbours change nothing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch

from leaderboard.contracts.values import Generation
from workers.decoding.search import Found, View
from workers.generators import memory
from workers.generators.choosing import Chooser
from workers.generators.columns import Columns
from workers.generators.layers import CausalModel, Read
from workers.generators.rows import Figures, Row, Waiting, in_order

PREFILL_POSITIONS = 16_384
"""Most positions, padding included, that one pass over prompts reads."""
PRIOR = 16
"""Rows' worth of belief that no two rows share a branch, before outputs tell."""


class DecodeLoop:
    """Runs requests through a model; see the module. `limit` is the most branches side by side.

    One loop serves one run at a time. `figures` tells what the last run took; with `timed`, a GPU is waited for
    after each pass, so that its time is not counted as ours. `listener` is given what each row has
    written, at each step.
    """

    def __init__(
        self, model: Any, tokenizer: Any, limit: int, timed: bool = False, listener: Callable[[str], None] | None = None
    ) -> None:
        self.model, self.tokenizer, self.limit, self.timed = CausalModel(model), tokenizer, limit, timed
        self.listener = listener
        self.device = self.model.device
        self.ends = _end_ids(model, tokenizer)
        self._begin([])

    def _begin(self, requests: list[Waiting]) -> None:
        self.columns = Columns(self.device)
        self.rows: list[Row] = []
        self.made: list[Generation] = []
        self.queue = deque(in_order(requests))
        self.reading: Read | None = None
        self.shared, self.told = float(PRIOR), float(PRIOR)
        self.mark = time.perf_counter()
        self._want({id(one.strategy): one.strategy for one in requests}.values())
        self.figures = Figures(limit=self.limit)

    def run(self, requests: Iterable[Waiting]) -> Iterator[Generation]:
        """Yields every output once, as it is finished. Out of memory, it halves the batch and goes on.

        Raises MemoryError where one output alone does not fit.
        """
        self._begin(list(requests))
        self._size()
        while self.queue or self.rows:
            chosen = self._attempt(self._admit, self._choose)
            if self.made:
                left = time.perf_counter()
                yield from self.made
                self.made = []
                self.mark += time.perf_counter() - left
            if chosen:
                self._attempt(self._forward)

    def _attempt(self, *steps: Callable[[], None]) -> bool:
        """Whether memory sufficed for `steps`; if not, the batch is halved."""
        try:
            with torch.inference_mode():
                for step in steps:
                    step()
            return True
        except (RuntimeError, MemoryError) as problem:
            if not memory.is_out_of_memory(problem):
                raise
        self._halve()  # outside the handler, whose traceback holds the tensors
        return False

    def _size(self) -> None:
        """Lower the limit to what fits in free memory, were every row as long as the longest may become."""
        longest = max((row.waiting.length for row in self.queue), default=1)
        fits = memory.fitting(self.model.model.config, longest, self.model.itemsize, self.device)
        self.limit = self.figures.limit = self.limit if fits is None else min(self.limit, fits)
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)

    def _want(self, strategies: Iterable[Any]) -> None:
        early: set[int] = set()
        self.model.states = False
        for strategy in strategies:
            if hasattr(strategy, "early_layers"):
                early |= set(strategy.early_layers(self.model.layers, self.model.tied))
            self.model.states |= bool(getattr(strategy, "keeps_states", False))
        self.model.early = tuple(sorted(early))

    def _halve(self) -> None:
        """Rows in flight wait again, in front. The branches are dropped, and with them their memory."""
        in_flight, self.rows, self.reading = self.rows, [], None
        self.queue.extendleft(reversed(in_flight))
        self.columns = Columns(self.device)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.limit == 1:
            raise MemoryError("One output alone does not fit in memory.")
        self.limit //= 2
        self.figures.limit = self.limit
        self.figures.halvings += 1
        self.figures.restarts += len(in_flight)

    # Entering and leaving

    def _admit(self) -> None:
        """Let rows enter until the batch is expected to fill; small gaps are not worth a pass over prompts."""
        expected = self._expected(self.rows)
        if not self.queue or (self.rows and expected > 0.75 * self.limit):
            return
        taken: list[Row] = []
        while self.queue:
            group = self._next_group(self.limit - expected, first=not self.rows and not taken)
            if not group:
                break
            taken += group
            expected += self._expected(group)
        self.rows += taken  # before the passes, so that running out of memory loses none
        for chunk in _chunks(taken):
            self._prefill(chunk)

    def _expected(self, rows: list[Row]) -> float:
        """How many branches `rows` will come to need, by the share of finished rows that wrote what no other did."""
        return sum(
            row.waiting.branches * self.shared / self.told if row.waiting.branches == 1 else row.waiting.branches
            for row in rows
        )

    def _next_group(self, room: float, first: bool) -> list[Row]:
        """The next rows of one prompt if they fit in `room`, of a large group what fits; at least one if `first`."""
        ids = self.queue[0].waiting.ids
        group = []
        for row in self.queue:
            if row.waiting.ids != ids:
                break
            group.append(row)
        while group and self._expected(group) > room:
            group = [] if self._expected(group) <= self.limit // 2 else group[: len(group) // 2]
        if not group and first:
            group = [self.queue[0]]
        for _ in group:
            self.queue.popleft()
        return group

    def _prefill(self, taken: list[Row]) -> None:
        """Read each distinct prompt once and give every row its branch."""
        from transformers import DynamicCache

        prompts = list(dict.fromkeys(ids for row in taken for ids in row.waiting.contexts))
        width = max(map(len, prompts))
        ids = torch.tensor([[0] * (width - len(p)) + list(p) for p in prompts], device=self.device)
        known = torch.tensor([[False] * (width - len(p)) + [True] * len(p) for p in prompts], device=self.device)
        cache: Any = DynamicCache()
        began = time.perf_counter()
        read = self.model.read(ids, known, (known.long().cumsum(1) - 1).clamp(min=0), cache)
        self._note_pass(began)
        place = {prompt: self.columns.count + i for i, prompt in enumerate(prompts)}
        self.columns.add(prompts, ids, cache, read.states)
        for row in taken:
            row.start([place[ids] for ids in row.waiting.contexts], self.ends)
        self.reading = self.reading.join(read) if self.reading and self.reading.logits.shape[0] else read
        self.figures.prompt_positions += sum(map(len, prompts))

    # One step

    def _choose(self) -> None:
        """Choose for every row; finished outputs go to `self.made`, and the branches of the others advance."""
        assert self.reading is not None
        chooser = Chooser(self.model, self.columns, self.reading)
        logprobs = self.reading.logits.log_softmax(-1)
        self._note_first(logprobs)
        asked = self._take([row for row in self.rows if not row.search], chooser, logprobs)
        asked |= self._search([row for row in self.rows if row.search], chooser)
        self._finish()
        self._tell()
        self._advance(asked)

    def _take(self, rows: list[Row], chooser: Chooser, logprobs: torch.Tensor) -> dict[Row, list[tuple[int, int]]]:
        if not rows:
            return {}
        rows, chosen = chooser.tokens(rows)
        branches = torch.tensor([row.branches[0] for row in rows], device=self.device)
        tokens, values = chosen.tolist(), logprobs[branches, chosen].tolist()
        for row, token, value in zip(rows, tokens, values, strict=True):
            row.take(token, value, self.ends)
        return {row: [(branch, token) for branch in row.branches] for row, token in zip(rows, tokens, strict=True)}

    def _search(self, rows: list[Row], chooser: Chooser) -> dict[Row, list[tuple[int, int]]]:
        asked = {}
        for row in rows:
            step = row.search.step(self._view(row, chooser))  # type: ignore[union-attr]
            if isinstance(step, Found):
                row.finish(step)
            else:
                asked[row] = [(row.branches[i], token) for i, token in step]
        return asked

    def _view(self, row: Row, chooser: Chooser) -> View:
        assert self.reading is not None
        own, states = self.columns, None
        if own.states is not None:
            states = own.states[row.branches, own.low : own.high]
        history = chooser.history(row.branches, [row] * len(row.branches))
        return View(self.reading.logits[row.branches], history, states)

    def _advance(self, asked: dict[Row, list[tuple[int, int]]]) -> None:
        """Equal wishes for one branch are one branch. What exceeds the limit starts again later, the youngest first."""
        pairs: dict[tuple[int, int], int] = {}
        kept: list[tuple[Row, list[int]]] = []
        for row in self.rows:
            new = {pair for pair in asked[row] if pair not in pairs}
            if kept and len(pairs) + len(new) > self.limit:
                self.queue.appendleft(row)
                self.figures.restarts += 1
                continue
            kept.append((row, [pairs.setdefault(pair, len(pairs)) for pair in asked[row]]))
        self.rows = [row for row, _ in kept]
        slots = self.columns.advance([branch for branch, _ in pairs], [token for _, token in pairs])
        for row, places in kept:
            row.branches = [slots[place] for place in places]

    def _forward(self) -> None:
        """Read the newest column of every branch, unless all rows have just finished."""
        if not self.rows:
            self.reading = None
            return
        began, own = time.perf_counter(), self.columns
        places = torch.tensor(own.lengths, device=self.device)[:, None] - 1
        self.reading = self.model.read(own.ids[: own.count, own.high, None], own.known(own.high + 1), places, own.cache)
        own.written(None if self.reading.states is None else self.reading.states[:, -1])
        self._note_pass(began)
        self.figures.steps += 1
        self.figures.positions += own.count

    # What is recorded

    def _note_pass(self, began: float) -> None:
        if self.timed and self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        self.figures.forward_seconds += time.perf_counter() - began

    def _note_first(self, logprobs: torch.Tensor) -> None:
        for row in self.rows:
            count = row.waiting.request.top_logprobs
            if count and not row.first:
                best = logprobs[row.branches[0]].topk(min(count, logprobs.shape[1]))
                texts = [self.tokenizer.decode([token]) for token in best.indices.tolist()]
                row.first = tuple(zip(texts, best.values.tolist(), strict=True))

    def _finish(self) -> None:
        """Share out the time since the last step, and let the finished rows leave."""
        now = time.perf_counter()
        share, self.mark = (now - self.mark) / len(self.rows), now
        for row in self.rows:
            row.seconds += share
        done = [row for row in self.rows if row.reason]
        self.rows = [row for row in self.rows if not row.reason]
        self._learn(done)
        self.made += map(self._output, done)
        self.figures.seconds += share * (len(done) + len(self.rows))
        self.figures.outputs += len(done)
        self.figures.output_tokens += sum(len(row.ids) for row in done)
        self.figures.peak_bytes = memory.peak_bytes(self.device)

    def _learn(self, done: list[Row]) -> None:
        """Count each finished row as the part of a branch that it was at its end."""
        ends: dict[tuple[int, int], int] = {}
        plain = [(row.branches[0], row.ids[-1]) for row in done if not row.search]
        for end in plain:
            ends[end] = ends.get(end, 0) + 1
        self.shared += len(ends)
        self.told += len(plain)

    def _tell(self) -> None:
        if self.listener:
            for row in self.rows:
                self.listener(self._text(row).rstrip("\ufffd"))

    def _text(self, row: Row) -> str:
        return str(self.tokenizer.decode([i for i in row.ids if i not in self.ends], skip_special_tokens=True))

    def _output(self, row: Row) -> Generation:
        assert row.reason is not None
        return Generation(
            key=row.waiting.request.key,
            text=self._text(row),
            finish_reason=row.reason,
            prompt_tokens=len(row.waiting.ids),
            output_tokens=len(row.ids),
            seconds=row.seconds,
            logprob=row.logprob,
            first_logprobs=row.first,
            prompt_truncated=row.waiting.truncated,
        )


def _chunks(rows: list[Row]) -> Iterator[list[Row]]:
    """`rows` cut where a pass over their prompts would become too large; rows of one prompt stay together."""
    chunk: list[Row] = []
    prompts: set[tuple[int, ...]] = set()
    for row in rows:
        more = prompts.union(row.waiting.contexts)
        if more != prompts and len(more) * max(map(len, more)) > PREFILL_POSITIONS and chunk:
            yield chunk
            chunk, more = [], set(row.waiting.contexts)
        chunk.append(row)
        prompts = more
    if chunk:
        yield chunk


def _end_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    found = getattr(model.generation_config, "eos_token_id", None)
    ends = found if isinstance(found, list) else [found]
    return frozenset(i for i in [*ends, tokenizer.eos_token_id] if i is not None)
