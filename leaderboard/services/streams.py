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
from leaderboard.models import Board, Comparison, Entry, Judgment, LiveBattle, Output, Score, Vote
from leaderboard.queries import scores, voters
from leaderboard.ratings.text_measures import MEASURES, measure

FORMAT = 6
SETTLED_SECONDS = 60.0
"""PostgreSQL commits rows out of the order of their ids, so ids first seen this lately are looked at again."""
DIGEST_SPACE = 1 << 512
MARK = "mark"
"""Column of the SHA-512 of each row's content as eight words, in streams of which rows can be left out again."""
WORDS = np.dtype((np.uint64, (8,)))
CREDIT_DIGITS = 12
"""Decimals of a credit in a digest: 1 − (1 − c) differs from c in the last bit, so more would depend on the ids."""


@dataclass(frozen=True)
class Scope:
    """Which facts a board counts. `names`: fingerprint of each entry by id.

    `orderless`: judges that see each pair once, as either order gives the same verdict.
    """

    board: Board
    names: Mapping[int, str]
    judges: Mapping[int, str]
    key: str
    orderless: frozenset[int] = frozenset()

    @classmethod
    def of(cls, board: Board, entries: list[Entry]) -> Scope:
        """The scope of a board with these entries."""
        names = {entry.pk: entry.fingerprint for entry in entries}
        judges = dict(board.judges.order_by("pk").values_list("pk", "fingerprint"))
        own = [
            board.pk,
            board.created_at.isoformat(),
            board.benchmark_id,
            board.counts_votes,
            board.metric_id,
            board.voters,
        ]
        if any(where := voters.where_cast(board)):
            own.append(where)
        if board.live:  # texts that were erased since are not kept in the columns either
            own.append(LiveBattle.objects.filter(prompt__benchmark=board.benchmark_id, erased_at__isnull=False).count())
        once = board.judges.filter(both_orders=False).exclude(plugin="imported").values_list("pk", flat=True)
        return cls(board, names, judges, fingerprint(FORMAT, own, sorted(names), sorted(judges)), frozenset(once))

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
    """Rows of one kind of fact by id, as arrays of one length; `digest`: sum of the SHA-512 of each row's content.

    `at`: when a row was made, by its writer's clock. `seen`: when it was known to be there, in Unix seconds too.
    """

    values: dict[str, NDArray[Any]]
    digest: int = 0

    def __len__(self) -> int:
        return len(self.values["pk"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.values[name]

    def settled(self, now: float) -> int:
        """The largest id below which no row can appear any more."""
        old = self["pk"][self["seen"] < now - SETTLED_SECONDS]
        return int(old.max(initial=0))

    def add(self, rows: list[tuple[Any, ...]], lines: list[str]) -> None:
        """Put in rows, each in the order of the columns; late ones go where their ids belong, as if never late."""
        late = len(self) and rows[0][0] < self["pk"][-1]
        hashes = [sha512(line.encode()).digest() for line in lines]
        plain = [name for name in self.values if name != MARK]
        new: dict[str, Any] = dict(zip(plain, zip(*rows, strict=True), strict=True))
        if MARK in self.values:
            new[MARK] = np.frombuffer(b"".join(hashes), ">u8").reshape(-1, 8)
        for name, column in new.items():
            kept = self.values[name]
            self.values[name] = np.concatenate([kept, np.array(column, dtype=kept.dtype)])
        if late:
            order = np.argsort(self["pk"])
            self.values = {name: column[order] for name, column in self.values.items()}
        self.digest = (self.digest + sum(map(int.from_bytes, hashes))) % DIGEST_SPACE

    def without(self, out: NDArray[np.bool_]) -> Columns:
        """The rows but for those in `out` (n,), as if they had never been; only where rows have marks."""
        if not out.any():
            return self
        gone = sum(_total(words) << (64 * (7 - place)) for place, words in enumerate(self[MARK][out].T))
        kept = {name: column[~out] for name, column in self.values.items()}
        return Columns(kept, (self.digest - gone) % DIGEST_SPACE)


@dataclass(frozen=True)
class Stream:
    """One kind of fact: its columns with their types, where it is read, and a row's values and content."""

    types: Mapping[str, Any]
    query: Callable[[Scope], QuerySet[Any]]
    fields: tuple[str, ...]
    row: Callable[[Scope, Any], tuple[tuple[Any, ...], str]]

    def empty(self) -> Columns:
        """No rows."""
        return Columns({name: np.empty(0, dtype=kind) for name, kind in {**STAMP, **self.types}.items()})

    def read(self, scope: Scope, kept: Columns, now: float, *, first: bool) -> bool:
        """Put in the rows that `kept` does not have yet; whether there were any. `first`: none were read before.

        Only a first reading believes the writers' clocks on how long a row has been there: one that runs late would
        make a new row look settled while lower ids are still to be committed.
        """
        after = kept.settled(now)
        known = set(kept["pk"][kept["pk"] > after].tolist())
        rows, lines = [], []
        found = self.query(scope).filter(pk__gt=after).order_by("pk").values_list("pk", "created_at", *self.fields)
        for pk, made, *values in found.iterator(chunk_size=5000):
            if pk not in known:
                row, line = self.row(scope, values)
                at = made.timestamp()
                rows.append((pk, at, min(at, now) if first else now, *row))
                lines.append(line)
        if rows:
            kept.add(rows, lines)
        return bool(rows)

    def has_last(self, scope: Scope, kept: Columns) -> bool:
        """Whether the last row is still there; not so in a database that was put back to an earlier state."""
        if not len(kept):
            return True
        found = self.query(scope).filter(pk=int(kept["pk"][-1])).values_list("created_at", flat=True).first()
        return found is not None and bool(found.timestamp() == kept["at"][-1])


STAMP: Mapping[str, Any] = {"pk": np.int64, "at": np.float64, "seen": np.float64}


def _total(words: NDArray[np.uint64]) -> int:
    """The sum of words of 64 bits, however large."""
    return (int(np.sum(words >> np.uint64(32))) << 32) + int(np.sum(words & np.uint64(2**32 - 1)))


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _output(scope: Scope, values: Any) -> tuple[tuple[Any, ...], str]:
    entry, prompt, key, sample, text, finish, tokens, seconds, cost = values
    cut = finish == FinishReason.LENGTH.value
    line = canonical_json([scope.names[entry], key, sample, blake2b(text.encode()).hexdigest(), cut])
    return (entry, prompt, sample, cut, _or_nan(tokens), _or_nan(seconds), _or_nan(cost), *measure(text)), line


PLACE = ("entry_a_id", "entry_b_id", "prompt_id", "prompt__key", "a__sample", "b__sample")
SIDES = ("entry_a", "entry_b", "prompt", "a", "b")


def _pair(scope: Scope, place: Any) -> tuple[bool, list[Any]]:
    """Whether side b comes first by content, and the pair by content; a < b follows ids, which databases choose."""
    a, b, _, key, sample_a, sample_b = place
    sides = [(scope.names[a], sample_a), (scope.names[b], sample_b)]
    return sides[1] < sides[0], [key, *sorted(sides)]


def _credit(credit: float | None, turned: bool) -> float | None:
    """Credit of the side that comes first by content."""
    return None if credit is None else round(1.0 - credit if turned else credit, CREDIT_DIGITS)


def _comparison(scope: Scope, values: Any) -> tuple[tuple[Any, ...], str]:
    return tuple(values[:3]), canonical_json(_pair(scope, values)[1])


def _judgment(scope: Scope, values: Any) -> tuple[tuple[Any, ...], str]:
    comparison, out_a, out_b, *rest = values
    place, (judge, swapped, repeat, state, credit) = rest[:6], rest[6:]
    turned, pair = _pair(scope, place)
    # Which side such a judge saw first follows the ids, so the order in which a batch happened to end.
    order = None if judge in scope.orderless else swapped != turned
    line = [pair, scope.judges[judge], order, repeat, state, _credit(credit, turned)]
    return (comparison, *place[:3], out_a, out_b, judge, _or_nan(credit)), canonical_json(line)


def _vote(scope: Scope, values: Any) -> tuple[tuple[Any, ...], str]:
    comparison, out_a, out_b, *rest = values
    place, (voter, outcome, swapped, network, seconds) = rest[:6], rest[6:]
    turned, pair = _pair(scope, place)
    credit, bad = CREDIT[Outcome(outcome)], outcome == Outcome.BOTH_BAD
    line = [pair, voter, bad, _credit(credit, turned)]
    seen = (voter, not swapped, bad, _or_nan(credit), network or "", _or_nan(seconds))
    return (comparison, *place[:3], out_a, out_b, *seen), canonical_json(line)


def _score(scope: Scope, values: Any) -> tuple[tuple[Any, ...], str]:
    entry, prompt, key, sample, value, least = values
    line = canonical_json([scope.names[entry], key, sample, value, least])
    return (entry, prompt, _or_nan(value), _or_nan(least)), line


def outputs_of(scope: Scope) -> QuerySet[Any]:
    """Outputs of the board's entries to its prompts."""
    return Output.objects.filter(entry__in=list(scope.names), prompt__benchmark=scope.board.benchmark_id)


def _comparisons(scope: Scope) -> QuerySet[Any]:
    ids = list(scope.names)
    wanted = Comparison.objects.filter(prompt__benchmark=scope.board.benchmark_id)
    return wanted.filter(entry_a__in=ids, entry_b__in=ids)


def _judgments(scope: Scope) -> QuerySet[Any]:
    return Judgment.objects.filter(scope.pairs, judge__in=list(scope.judges), repeat__lt=Judgment.CANARIES)


def _votes(scope: Scope) -> QuerySet[Any]:
    if not scope.board.counts_votes:
        return Vote.objects.none()
    # A known pair was no question, so its votes are never read; votes that are left out later are, see `masks`.
    counted = scope.pairs & voters.counted(scope.board)
    return Vote.objects.filter(counted, ballot__attention=None).exclude(outcome=Outcome.SKIP)


def _scores(scope: Scope) -> QuerySet[Any]:
    metric = scope.board.metric
    wanted: QuerySet[Score] = Score.objects.filter(metric=metric) if metric else Score.objects.none()
    own = wanted.filter(output__entry__in=list(scope.names), output__prompt__benchmark=scope.board.benchmark_id)
    return own.annotate(counted=scores.counted(metric), least=scores.least(metric))


_OF_COMPARISON = ("comparison_id", "comparison__a_id", "comparison__b_id", *(f"comparison__{name}" for name in PLACE))
_MEET = {"comparison": np.int64, **dict.fromkeys(SIDES, np.int64)}
STREAMS: Mapping[str, Stream] = {
    # What rests on others is read before them, so that a row's output is there wherever the row is.
    "votes": Stream(
        {
            **{**_MEET, "voter": "U80", "left": np.bool_, "bad": np.bool_, "credit": np.float64},
            **{"network": "U32", "seconds": np.float64, MARK: WORDS},
        },
        _votes,
        (*_OF_COMPARISON, "voter", "outcome", "ballot__swapped", "signal__network", "seconds_shown"),
        _vote,
    ),
    "judgments": Stream(
        {**_MEET, "judge": np.int64, "credit": np.float64},
        _judgments,
        (*_OF_COMPARISON, "judge_id", "swapped", "repeat", "state", "credit_a"),
        _judgment,
    ),
    "scores": Stream(
        {"entry": np.int64, "prompt": np.int64, "value": np.float64, "least": np.float64},
        _scores,
        ("output__entry_id", "output__prompt_id", "output__prompt__key", "output__sample", "counted", "least"),
        _score,
    ),
    "comparisons": Stream(
        {"entry_a": np.int64, "entry_b": np.int64, "prompt": np.int64},
        _comparisons,
        PLACE,
        _comparison,
    ),
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
}
