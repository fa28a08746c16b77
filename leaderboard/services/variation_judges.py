"""What the non-determinism report reads of judges: how their credit varies with order and repeat beside the samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from django.db.models import Count, Q, Sum
from numpy.typing import NDArray

from leaderboard.contracts.values import VerdictState
from leaderboard.models import Board, Entry, Judge, Judgment
from leaderboard.ratings.variation.resampling import Bootstrap
from leaderboard.services.variation_samples import NO_SEED, Samples, places
from leaderboard.services.variation_splits import told_split

Floats = NDArray[np.float64]
FACTORS = ("seed", "sample", "opponent", "order", "repeat")
CELLS = 20_000_000
"""Cells of the largest table that is made of one judge and entry."""


def judges_of(board: Board) -> list[Judge]:
    """The board's judges, or its parent's where it has none of its own."""
    found = list(board.judges.order_by("name"))
    return found or (list(board.parent.judges.order_by("name")) if board.parent else [])


def varies(judge: Judge) -> bool:
    """Whether any of its verdicts is of a second order or a repeat."""
    return Judgment.objects.filter(Q(swapped=True) | Q(repeat__gt=0), judge=judge).exists()


def judged(board: Board, entries: Sequence[Entry], judges: Sequence[Judge]) -> list[Any]:
    """What of the verdicts is in the report's digest: of each judge, how many there are and their credits' sum."""
    found = []
    for judge in judges:
        sums = _verdicts(board, judge, entries).order_by().aggregate(count=Count("pk"), total=Sum("credit_a"))
        found.append([judge.fingerprint, sums["count"], round(sums["total"] or 0.0, 6)])
    return found


def split_of(board: Board, judge: Judge, entry: Entry, own: Samples, plan: Bootstrap) -> dict[str, Any] | None:
    """The split of the entry's credit, against the baseline where the board has one; None where nothing was judged.

    The baseline itself has none, as it meets a different entry each time.
    """
    if entry.pk == board.baseline_id:
        return None
    places_of, credit = _cells(_rows(board, judge, entry), own, places(board))
    sizes = [int(column.max(initial=-1)) + 1 for column in places_of.T]
    sizes[0] = len(own.score)
    if not len(credit) or int(np.prod(sizes)) > CELLS:
        return None
    table = np.full(sizes, np.nan)
    table[tuple(places_of.T)] = credit
    return told_split(table, FACTORS, own, plan)


def _verdicts(board: Board, judge: Judge, entries: Sequence[Entry]) -> Any:
    found = Judgment.objects.filter(judge=judge, state=VerdictState.SCORED.value)
    found = found.filter(comparison__prompt__benchmark=board.benchmark_id)
    return found.filter(comparison__entry_a__in=entries, comparison__entry_b__in=entries)


def _rows(board: Board, judge: Judge, entry: Entry) -> Iterator[Any]:
    """(position, sample, opponent, its sample, shown second, repeat, credit) from the entry's side."""
    for own, other in ("a", "b"), ("b", "a"):
        found = Judgment.objects.filter(judge=judge, state=VerdictState.SCORED.value)
        found = found.filter(**{f"comparison__entry_{own}": entry, "comparison__prompt__benchmark": board.benchmark_id})
        opponents = {"pk": board.baseline_id} if board.baseline_id else {"pk__in": board.ranked_entries().values("pk")}
        found = found.filter(**{f"comparison__entry_{other}__{name}": value for name, value in opponents.items()})
        fields = ("comparison__prompt__position", f"comparison__{own}__sample", f"comparison__entry_{other}")
        rest = (f"comparison__{other}__sample", "swapped", "repeat", "credit_a")
        for position, sample, opponent, theirs, swapped, repeat, credit in found.values_list(*fields, *rest).iterator():
            second = swapped if own == "a" else not swapped
            yield position, sample, opponent, theirs, second, repeat, credit if own == "a" else 1.0 - credit


def _cells(rows: Iterator[Any], own: Samples, place: dict[int, int]) -> tuple[NDArray[np.int64], Floats]:
    """(V, 6) places by prompt and `FACTORS`, and (V,) credits. Opponents are numbered for each output of the entry.

    A judge with one order alone has no level for it, whichever slot the entry stood in.
    """
    found = sorted(rows)
    credit = np.array([row[-1] for row in found], dtype=np.float64)
    if not found:
        return np.zeros((0, 6), dtype=np.int64), credit
    met: dict[Any, dict[Any, int]] = {}
    both = {row[:4] for row in found if row[4]} & {row[:4] for row in found if not row[4]}
    seed, sample = _seeded(own, np.array([[place[row[0]], row[1]] for row in found]))
    opponent = [(own_met := met.setdefault(row[:2], {})).setdefault(row[2:4], len(own_met)) for row in found]
    order = [int(row[4]) if both else 0 for row in found]
    repeats = {repeat: i for i, repeat in enumerate(sorted({row[5] for row in found}))}
    columns = [[place[row[0]] for row in found], seed, sample, opponent, order, [repeats[row[5]] for row in found]]
    return np.array(columns, dtype=np.int64).T, credit


def _seeded(own: Samples, at: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the seed and, within the seed, of the sample, for (prompt, sample) pairs."""
    shape = own.seeds.shape
    known = at[:, 1] < shape[1]
    labels = np.where(known, own.seeds[at[:, 0], np.minimum(at[:, 1], max(shape[1] - 1, 0))], NO_SEED)
    seeds = np.unique(labels)
    within = np.zeros(len(at), dtype=np.int64)
    for seed in seeds:
        mine = labels == seed
        within[mine] = np.unique(at[mine, 1], return_inverse=True)[1]
    return np.searchsorted(seeds, labels), within
