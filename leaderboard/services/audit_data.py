"""What an audit reads of a board: its comparisons, people's votes, and every judge's verdicts, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count, Max, QuerySet
from numpy.typing import NDArray

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.values import CREDIT, Outcome
from leaderboard.models import Board, Comparison, Entry, Judge, Judgment, Score, Vote
from leaderboard.queries.integrity import counted
from leaderboard.ratings.agreement.verdicts import Calls, Items, Sides, Votes
from leaderboard.ratings.text_measures import MEASURES
from leaderboard.services.material import places_of
from leaderboard.services.streams import Scope
from leaderboard.services.tally import tally

FORMAT = 2
"""Part of every digest: a change of what an audit holds makes new ones."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Verdicts:
    """One judge's verdicts: `calls` below the canaries, with the state, cost and seconds of each.

    `again`: the first verdicts and those of each round of canaries, at repeats 0, 1, 2…
    """

    calls: Calls
    states: tuple[str, ...]
    cost: Floats
    seconds: Floats
    again: Calls


@dataclass(frozen=True)
class Material:
    """A board's comparisons with at least one verdict or vote. `truth` (M,): credit of side a where exactly one answer
    is right, else NaN; None where no exact metric scores the board. `models`: the model's name of each entrant.
    `comparisons` (M,): the id of each item; `voters`: who the labels in `votes` are.
    """

    items: Items
    votes: Votes
    judges: Mapping[int, Verdicts]
    truth: Floats | None
    models: tuple[str, ...]
    comparisons: Ints
    voters: tuple[str, ...]

    def credit(self, judge: int) -> Floats:
        """(M,) credit of each item by one judge."""
        return self.judges[judge].calls.means(len(self.items))

    def others(self, judge: int) -> Floats | None:
        """(M,) mean credit by all other judges; None where there is none."""
        rest = [self.credit(other) for other in self.judges if other != judge]
        if not rest:
            return None
        table = np.stack(rest)
        count = np.sum(~np.isnan(table), axis=0)
        return np.where(count > 0, np.nansum(table, axis=0) / np.maximum(count, 1), np.nan)


def stamp(board: Board, entries: list[Entry]) -> str:
    """A digest of how many facts there are and the last of each: facts are never changed, so more is not needed."""
    scope = Scope.of(board, entries)
    counted = [
        list(found.aggregate(n=Count("pk"), last=Max("pk")).values())
        for found in (Judgment.objects.filter(scope.pairs), _votes(scope), _scores(board, scope))
    ]
    names = sorted(scope.names.values())
    metric = board.metric.fingerprint if board.metric else ""
    return fingerprint("audit", FORMAT, board.slug, board.benchmark.digest, names, metric, counted)


def judges_of(board: Board, entries: list[Entry]) -> list[Judge]:
    """Every judge with a verdict on the board's comparisons, whether the board counts it or not, by name."""
    scope = Scope.of(board, entries)
    found = Judgment.objects.filter(scope.pairs).values("judge").distinct()
    return list(Judge.objects.filter(pk__in=found).order_by("name"))


def material(board: Board, entries: list[Entry]) -> Material:
    """All of it, in a fixed number of queries."""
    scope = Scope.of(board, entries)
    table = _rows(_comparisons(scope), ("pk", "entry_a", "entry_b", "prompt", "a", "b"))
    votes = list(_votes(scope).values_list("comparison_id", "voter", "outcome"))
    fields = ("judge_id", "comparison_id", "swapped", "repeat", "state", "credit_a", "cost_usd", "seconds")
    judged = list(Judgment.objects.filter(scope.pairs).order_by("pk").values_list(*fields))
    seen = {row[1] for row in judged} | {row[0] for row in votes}
    table = table[np.isin(table[:, 0], list(seen))] if seen else table[:0]
    items = Items(
        tuple(entry.slug for entry in entries),
        places_of([entry.pk for entry in entries], table[:, 1]),
        places_of([entry.pk for entry in entries], table[:, 2]),
        table[:, 3],
        _measures(scope, table[:, 4], table[:, 5]),
    )
    by_judge: dict[int, list[Any]] = {}
    for judge, *row in judged:
        by_judge.setdefault(judge, []).append(row)
    voters = sorted({row[1] for row in votes})
    return Material(
        items,
        _cast(votes, voters, table[:, 0]),
        {judge: _verdicts(rows, table[:, 0]) for judge, rows in by_judge.items()},
        _truth(board, scope, table),
        tuple(entry.model.name for entry in entries),
        table[:, 0],
        tuple(voters),
    )


def _rows(found: QuerySet[Any], fields: tuple[str, ...]) -> Ints:
    return np.array(list(found.order_by("pk").values_list(*fields)), dtype=np.int64).reshape(-1, len(fields))


def _comparisons(scope: Scope) -> QuerySet[Comparison]:
    ids = list(scope.names)
    wanted = Comparison.objects.filter(prompt__benchmark=scope.board.benchmark_id)
    return wanted.filter(entry_a__in=ids, entry_b__in=ids)


def _votes(scope: Scope) -> QuerySet[Vote]:
    """Votes on any board: a comparison is the same wherever it is shown."""
    votes: QuerySet[Vote] = Vote.objects.filter(scope.pairs).exclude(outcome=Outcome.SKIP)
    return counted(votes, scope.board)


def _scores(board: Board, scope: Scope) -> QuerySet[Score]:
    found = Score.objects.filter(output__prompt__benchmark=board.benchmark_id, output__entry__in=list(scope.names))
    return found.filter(metric=board.metric) if board.metric else found.none()


def _measures(scope: Scope, a: Ints, b: Ints) -> dict[str, Sides]:
    """Of both sides, from the board's tally, which counted each text once."""
    outputs = tally(scope).columns["outputs"]
    left, right = (places_of(outputs["pk"].tolist(), side) for side in (a, b))
    if np.any(left < 0) or np.any(right < 0):
        return {}
    return {name: (outputs[name][left], outputs[name][right]) for name in MEASURES}


def _cast(votes: list[Any], voters: list[str], comparisons: Ints) -> Votes:
    names = {name: place for place, name in enumerate(voters)}
    place = places_of(comparisons.tolist(), np.array([row[0] for row in votes], dtype=np.int64))
    voter = np.array([names[row[1]] for row in votes], dtype=np.int64)
    return Votes(place, voter, np.array([CREDIT[Outcome(row[2])] for row in votes], dtype=np.float64))


def _verdicts(rows: list[Any], comparisons: Ints) -> Verdicts:
    ids, swapped, repeat, states, credit, cost, seconds = zip(*rows, strict=True)
    whole = Calls(
        places_of(comparisons.tolist(), np.array(ids, dtype=np.int64)),
        _floats(credit),
        np.array(swapped, dtype=np.bool_),
        np.array(repeat, dtype=np.int64),
    )
    own = whole.repeat < Judgment.CANARIES
    later = np.where(own, whole.repeat, whole.repeat - Judgment.CANARIES)
    again = Calls(whole.item, whole.credit, whole.swapped, later).take(~own | (whole.repeat == 0))
    told = tuple(state for state, kept in zip(states, own, strict=True) if kept)
    return Verdicts(whole.take(own), told, _floats(cost)[own], _floats(seconds)[own], again)


def _floats(values: tuple[float | None, ...]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _truth(board: Board, scope: Scope, table: Ints) -> Floats | None:
    """None without a metric, or where its values are not right and wrong alone."""
    scores = dict(_scores(board, scope).filter(value__isnull=False).values_list("output_id", "value"))
    if not scores or not set(scores.values()) <= {0.0, 1.0}:
        return None
    left, right = (_floats(tuple(scores.get(pk) for pk in side.tolist())) for side in (table[:, 4], table[:, 5]))
    return np.where(left != right, (1 + left - right) / 2, np.nan)
