"""Facts as columns: which a board counts, where they are read, and what of each enters the board's digest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha512
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet
from numpy.typing import NDArray

from leaderboard.contracts.fingerprint import canonical_json, fingerprint
from leaderboard.contracts.values import CREDIT, FinishReason, Outcome
from leaderboard.models import Board, Comparison, Entry, Judgment, Output, Score, Vote
from leaderboard.ratings.text_measures import MEASURES, measure

FORMAT = 1
SETTLED_SECONDS = 60.0
"""PostgreSQL commits rows out of the order of their ids, so ids this young are looked at again."""
DIGEST_SPACE = 1 << 512


@dataclass(frozen=True)
class Scope:
    """Which facts a board counts. `names`: fingerprint of each entry by id."""

    board: Board
    names: Mapping[int, str]
    judges: Mapping[int, str]
    key: str

    @classmethod
    def of(cls, board: Board, entries: list[Entry]) -> Scope:
        """The scope of a board with these entries."""
        names = {entry.pk: entry.fingerprint for entry in entries}
        judges = dict(board.judges.order_by("pk").values_list("pk", "fingerprint"))
        own = [board.pk, board.created_at.isoformat(), board.benchmark_id, board.counts_votes, board.metric_id]
        return cls(board, names, judges, fingerprint(FORMAT, own, sorted(names), sorted(judges)))

    @property
    def pairs(self) -> Q:
        """Verdicts on comparisons among the entries, on the board's prompts."""
        ids = list(self.names)
        return Q(
            comparison__prompt__benchmark=self.board.benchmark_id,
            comparison__entry_a__in=ids,
            comparison__entry_b__in=ids,
        )


@dataclass
class Columns:
    """Rows of one kind of fact as arrays of one length; `digest`: sum of the SHA-512 of each row's content."""

    values: dict[str, NDArray[Any]]
    digest: int = 0

    def __len__(self) -> int:
        return len(self.values["pk"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.values[name]

    def settled(self, now: float) -> int:
        """The largest id below which no row can appear any more."""
        old = self["pk"][self["at"] < now - SETTLED_SECONDS]
        return int(old.max(initial=0))

    def add(self, rows: list[tuple[Any, ...]], lines: list[str]) -> None:
        """Append rows, each in the order of the columns."""
        for name, column in zip(self.values, zip(*rows, strict=True), strict=True):
            kept = self.values[name]
            self.values[name] = np.concatenate([kept, np.array(column, dtype=kept.dtype)])
        for line in lines:
            self.digest = (self.digest + int.from_bytes(sha512(line.encode()).digest())) % DIGEST_SPACE


@dataclass(frozen=True)
class Stream:
    """One kind of fact: its columns with their types, where it is read, and a row's values and content."""

    types: Mapping[str, Any]
    query: Callable[[Scope], QuerySet[Any]]
    fields: tuple[str, ...]
    row: Callable[[Scope, Any], tuple[tuple[Any, ...], str | None]]

    def empty(self) -> Columns:
        """No rows."""
        return Columns({name: np.empty(0, dtype=kind) for name, kind in {**STAMP, **self.types}.items()})

    def read(self, scope: Scope, kept: Columns, now: float) -> bool:
        """Append the rows that `kept` does not have yet; whether there were any."""
        after = kept.settled(now)
        known = set(kept["pk"][kept["pk"] > after].tolist())
        rows, lines = [], []
        found = self.query(scope).filter(pk__gt=after).order_by("pk").values_list("pk", "created_at", *self.fields)
        for pk, at, *values in found.iterator(chunk_size=5000):
            if pk not in known:
                row, line = self.row(scope, values)
                rows.append((pk, at.timestamp(), *row))
                lines += [] if line is None else [line]
        if rows:
            kept.add(rows, lines)
        return bool(rows)


STAMP: Mapping[str, Any] = {"pk": np.int64, "at": np.float64}


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _output(scope: Scope, values: Any) -> tuple[tuple[Any, ...], str]:
    entry, prompt, key, sample, text, finish, tokens, seconds, cost = values
    cut = finish == FinishReason.LENGTH.value
    line = canonical_json([scope.names[entry], key, sample, blake2b(text.encode()).hexdigest(), cut])
    return (entry, prompt, sample, cut, _or_nan(tokens), _or_nan(seconds), _or_nan(cost), *measure(text)), line


PLACE = ("entry_a_id", "entry_b_id", "prompt_id", "prompt__key", "a__sample", "b__sample")
SIDES = ("entry_a", "entry_b", "prompt", "a", "b")


def _verdict(scope: Scope, place: Any, what: list[Any], credit: float | None) -> str:
    """Content without ids and times. The canonical order a < b follows ids, which differ between databases."""
    a, b, _, key, sample_a, sample_b = place
    ends = [(scope.names[a], sample_a, credit), (scope.names[b], sample_b, None if credit is None else 1.0 - credit)]
    return canonical_json([key, sorted(ends, key=lambda end: end[:2]), what])


def _judgment(scope: Scope, values: Any) -> tuple[tuple[Any, ...], str]:
    comparison, out_a, out_b, *rest = values
    place, (judge, swapped, repeat, state, credit) = rest[:6], rest[6:]
    line = _verdict(scope, place, [scope.judges[judge], swapped, repeat, state], credit)
    return (comparison, *place[:3], out_a, out_b, judge, _or_nan(credit)), line


def _vote(scope: Scope, values: Any) -> tuple[tuple[Any, ...], str]:
    comparison, out_a, out_b, *rest = values
    place, (voter, outcome, swapped) = rest[:6], rest[6:]
    credit = CREDIT[Outcome(outcome)]
    line = _verdict(scope, place, [voter, outcome], credit)
    return (comparison, *place[:3], out_a, out_b, voter, not swapped, _or_nan(credit)), line


def _score(scope: Scope, values: Any) -> tuple[tuple[Any, ...], str]:
    entry, prompt, key, sample, value = values
    return (entry, prompt, _or_nan(value)), canonical_json([scope.names[entry], key, sample, value])


def outputs_of(scope: Scope) -> QuerySet[Any]:
    """Outputs of the board's entries to its prompts."""
    return Output.objects.filter(entry__in=list(scope.names), prompt__benchmark=scope.board.benchmark_id)


def _comparisons(scope: Scope) -> QuerySet[Any]:
    ids = list(scope.names)
    wanted = Comparison.objects.filter(prompt__benchmark=scope.board.benchmark_id)
    return wanted.filter(entry_a__in=ids, entry_b__in=ids)


def _judgments(scope: Scope) -> QuerySet[Any]:
    return Judgment.objects.filter(scope.pairs, judge__in=list(scope.judges))


def _votes(scope: Scope) -> QuerySet[Any]:
    if not scope.board.counts_votes:
        return Vote.objects.none()
    return Vote.objects.filter(scope.pairs).exclude(outcome=Outcome.SKIP)


def _scores(scope: Scope) -> QuerySet[Any]:
    if scope.board.metric_id is None:
        return Score.objects.none()
    wanted = Score.objects.filter(metric=scope.board.metric_id, output__entry__in=list(scope.names))
    return wanted.filter(output__prompt__benchmark=scope.board.benchmark_id)


_OF_COMPARISON = ("comparison_id", "comparison__a_id", "comparison__b_id", *(f"comparison__{name}" for name in PLACE))
_MEET = {"comparison": np.int64, **dict.fromkeys(SIDES, np.int64)}
STREAMS: Mapping[str, Stream] = {
    "outputs": Stream(
        {
            **dict.fromkeys(("entry", "prompt", "sample"), np.int64),
            "truncated": np.bool_,
            **dict.fromkeys(("output_tokens", "seconds", "cost", *MEASURES), np.float64),
        },
        outputs_of,
        (
            "entry_id",
            "prompt_id",
            "prompt__key",
            "sample",
            "text",
            "finish_reason",
            "output_tokens",
            "seconds",
            "cost_usd",
        ),
        _output,
    ),
    "comparisons": Stream(
        {"entry_a": np.int64, "entry_b": np.int64, "prompt": np.int64},
        _comparisons,
        ("entry_a_id", "entry_b_id", "prompt_id"),
        lambda _, values: (tuple(values), None),
    ),
    "judgments": Stream(
        {**_MEET, "judge": np.int64, "credit": np.float64},
        _judgments,
        (*_OF_COMPARISON, "judge_id", "swapped", "repeat", "state", "credit_a"),
        _judgment,
    ),
    "votes": Stream(
        {**_MEET, "voter": "U80", "left": np.bool_, "credit": np.float64},
        _votes,
        (*_OF_COMPARISON, "voter", "outcome", "ballot__swapped"),
        _vote,
    ),
    "scores": Stream(
        {"entry": np.int64, "prompt": np.int64, "value": np.float64},
        _scores,
        ("output__entry_id", "output__prompt_id", "output__prompt__key", "output__sample", "value"),
        _score,
    ),
}
