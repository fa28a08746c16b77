"""What the decode loop keeps of each output: the request that waits, the row that is decoded, and the figures."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any

from leaderboard.contracts.values import FinishReason, GenerationRequest
from workers.decoding.noise import row_key
from workers.decoding.search import Found, Search


@dataclass(frozen=True)
class Waiting:
    """A request that is ready to be decoded: prompt ids and the strategy to choose tokens with.

    `without`: for a strategy that has `contexts`, the ids of the same prompt without its evidence; None where no token
    of it is evidence.
    """

    request: GenerationRequest
    ids: tuple[int, ...]
    truncated: bool
    strategy: Any
    without: tuple[int, ...] | None = None

    @property
    def contexts(self) -> tuple[tuple[int, ...], ...]:
        """The prompts behind which the output is read, its own first."""
        return (self.ids,) if self.without is None else (self.ids, self.without)

    @property
    def branches(self) -> int:
        """How many branches this output keeps."""
        return int(getattr(self.strategy, "branches", len(self.contexts)))

    @property
    def length(self) -> int:
        """Tokens at the most, the longest prompt included."""
        return max(map(len, self.contexts)) + int(self.strategy.max_new_tokens)


@dataclass(eq=False)
class Row:
    """A request in the running batch. `seconds` is its share of the wall time so far, restarts included.

    `branches` are the slots that it reads: one for each context, or several while a search runs. `surprise` is in bits.
    """

    waiting: Waiting
    key: int
    branches: list[int] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    logprob: float = 0.0
    surprise: float = 0.0
    seconds: float = 0.0
    search: Search | None = None
    first: tuple[tuple[str, float], ...] | None = None
    reason: FinishReason | None = None

    @classmethod
    def of(cls, waiting: Waiting) -> Row:
        """A row that has written nothing."""
        request = waiting.request
        return cls(waiting, row_key(request.seed, request.noise_key, request.sample))

    def start(self, branches: list[int], ends: frozenset[int]) -> None:
        """Begin behind the prompt, or begin again: the noise depends on the step alone, so the output is the same."""
        self.branches, self.ids, self.logprob, self.surprise, self.reason = branches, [], 0.0, 0.0, None
        begin = getattr(self.waiting.strategy, "search", None)
        self.search = begin(ends) if begin else None

    def take(self, token: int, logprob: float, ends: Container[int]) -> None:
        """Write one token, and notice whether it is the last."""
        self.ids.append(token)
        self.logprob += logprob
        if token in ends:
            self.reason = FinishReason.STOP
        elif len(self.ids) >= self.waiting.strategy.max_new_tokens:
            self.reason = FinishReason.LENGTH

    def finish(self, found: Found) -> None:
        """Take what a search found."""
        self.ids, self.logprob = list(found.ids), found.logprob
        self.reason = FinishReason.STOP if found.ended else FinishReason.LENGTH


@dataclass
class Figures:
    """What a run took. Seconds are wall time; `forward_seconds` is the part inside the model.

    `positions` counts the tokens that the model read while decoding. It is less than `output_tokens` where rows
    share branches. `peak_bytes` is explained at `memory.peak_bytes`.
    """

    limit: int = 0
    halvings: int = 0
    restarts: int = 0
    outputs: int = 0
    output_tokens: int = 0
    prompt_positions: int = 0
    positions: int = 0
    steps: int = 0
    seconds: float = 0.0
    forward_seconds: float = 0.0
    peak_bytes: int = 0

    @property
    def tokens_per_second(self) -> float:
        """New tokens over wall time; 0 before the first."""
        return self.output_tokens / self.seconds if self.seconds else 0.0


def in_order(waiting: Iterable[Waiting]) -> list[Row]:
    """Rows of one prompt side by side, so that it is read once; long prompts first, which shows early what fits."""
    groups: dict[tuple[int, ...], list[Row]] = {}
    for one in waiting:
        groups.setdefault(one.ids, []).append(Row.of(one))
    return [row for ids in sorted(groups, key=len, reverse=True) for row in groups[ids]]
