"""What the non-determinism report reads of each entry: scores, lengths, answers and seeds by prompt and sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db.models import Count, Sum
from django.db.models.functions import Length
from numpy.typing import NDArray

from leaderboard.contracts import registry
from leaderboard.contracts.values import FinishReason
from leaderboard.models import Board, Entry, Metric, Score
from leaderboard.queries.scores import counted
from leaderboard.ratings.variation.best_of import RESERVED
from leaderboard.ratings.variation.majority import NO_ANSWER

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LIKELIHOOD = "likelihood"
"""The selector by mean log-probability a token; metrics may not be called so on the report."""
NO_SEED = -1

FIELDS = (
    "output__entry_id",
    "output__prompt__position",
    "output__sample",
    "counted",
    "extracted",
    "output__logprob",
    "output__output_tokens",
    "chars",
    "output__finish_reason",
    "output__seed",
)
DIGESTED = 5
"""The first of the fields: they are in the report's digest, the others follow from the same outputs."""


@dataclass
class Samples:
    """Scores of one entry, (P, N) by prompt and sample, NaN where there is none, and what else the report needs.

    `answers`: numbers of extracted answers, `NO_ANSWER` where none was stated. `logprob`: mean a token, nats.
    `seeds`: numbers of the seeds, not the seeds themselves. `ratings`: by each metric that selects, as `score`.
    """

    score: Floats
    answers: Ints
    logprob: Floats
    tokens: Floats
    chars: Floats
    truncated: NDArray[np.bool_]
    seeds: Ints
    ratings: dict[str, Floats] = field(default_factory=dict)

    @property
    def runs(self) -> int:
        """Samples of a prompt, at most."""
        return int(self.score.shape[1])

    @property
    def seed_count(self) -> int:
        """Different seeds that are known."""
        return len(np.unique(self.seeds[self.seeds != NO_SEED]))


def read_rows(board: Board, entries: Sequence[Entry]) -> list[Any]:
    """One row a scored output, by `FIELDS`, in order of entry, prompt and sample."""
    return list(scores(board, entries).annotate(chars=Length("output__text")).values_list(*FIELDS))


def scores(board: Board, entries: Sequence[Entry], metric: Metric | None = None) -> Any:
    """The scores of the entries' outputs on the board's prompts by its own metric, or by another one."""
    own = metric or board.metric
    found = Score.objects.filter(metric=own, output__entry__in=entries).annotate(counted=counted(own))
    found = found.filter(output__prompt__benchmark=board.benchmark_id)
    return found.order_by("output__entry", "output__prompt__position", "output__sample")


def places(board: Board) -> dict[int, int]:
    """Row of each prompt by its position."""
    return {
        at: i for i, at in enumerate(board.benchmark.prompts.order_by("position").values_list("position", flat=True))
    }


def samples_of(board: Board, entries: Sequence[Entry], rows: Sequence[Any]) -> dict[int, Samples]:
    """The rows as tables, by the entry's key."""
    count = {entry.pk: 0 for entry in entries}
    for row in rows:
        count[row[0]] = max(count[row[0]], row[2] + 1)
    place = places(board)
    found = {pk: _empty(len(place), n) for pk, n in count.items()}
    names: dict[tuple[int, str], int] = {}
    seeds: dict[int, int] = {}
    for pk, position, sample, value, extracted, logprob, tokens, chars, finish, seed in rows:
        own, at = found[pk], (place[position], sample)
        own.score[at] = np.nan if value is None else value
        own.answers[at] = names.setdefault((position, extracted), len(names)) if extracted else NO_ANSWER
        own.logprob[at] = np.nan if logprob is None else logprob / max(1, tokens or 1)
        own.tokens[at] = np.nan if tokens is None else tokens
        own.chars[at], own.truncated[at] = chars, finish == FinishReason.LENGTH.value
        own.seeds[at] = NO_SEED if seed is None else seeds.setdefault(seed, len(seeds))
    return found


def _empty(prompts: int, samples: int) -> Samples:
    shape = (prompts, samples)
    score, logprob, tokens, chars = (np.full(shape, np.nan) for _ in range(4))
    answers, seeds = (np.full(shape, missing, dtype=np.int64) for missing in (NO_ANSWER, NO_SEED))
    return Samples(score, answers, logprob, tokens, chars, np.zeros(shape, dtype=np.bool_), seeds)


def selecting(board: Board) -> list[Metric]:
    """Metrics other than the board's own that may choose among outputs: their plugins say `selects = True`.

    A plugin that cannot be loaded here selects nothing.
    """
    others = Metric.objects.exclude(boards=board).order_by("name")
    return [metric for metric in others if metric.name not in (*RESERVED, LIKELIHOOD) and _selects(metric.plugin)]


def _selects(plugin: str) -> bool:
    try:
        return bool(getattr(registry.metrics.get(plugin), "selects", False))
    except registry.PluginError:
        return False


def rated(board: Board, entries: Sequence[Entry], metrics: Sequence[Metric]) -> list[Any]:
    """What of the metrics' scores is in the report's digest: fingerprint, how many there are, and their sum."""
    found = []
    for metric in metrics:
        sums = scores(board, entries, metric).order_by().aggregate(count=Count("pk"), total=Sum("value"))
        if sums["count"]:
            found.append([metric.fingerprint, sums["count"], round(sums["total"] or 0.0, 6)])
    return found


def add_ratings(
    board: Board, entries: Sequence[Entry], metrics: Sequence[Metric], samples: Mapping[int, Samples]
) -> None:
    """Put each metric's values beside the scores; outputs that the board's metric did not score are passed over."""
    place = places(board)
    for metric in metrics:
        rows = scores(board, entries, metric).exclude(value=None)
        for pk, position, sample, value in rows.values_list(*FIELDS[:4]).iterator():
            own = samples[pk]
            if sample < own.runs:
                table = own.ratings.setdefault(metric.name, np.full(own.score.shape, np.nan))
                table[place[position], sample] = value
