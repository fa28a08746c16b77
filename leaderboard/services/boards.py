"""Makes board snapshots. A snapshot is keyed by the digest of its inputs, so equal facts give equal boards."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Avg, Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Cast, Length

from leaderboard.contracts import registry
from leaderboard.contracts.fingerprint import canonical_json, fingerprint
from leaderboard.contracts.values import CREDIT, Outcome
from leaderboard.models import (
    Board,
    BoardSnapshot,
    Comparison,
    Entry,
    Job,
    Judgment,
    Output,
    Score,
    Standing,
    Vote,
)
from leaderboard.ratings.battles import Battles, Rating, RatingTable
from leaderboard.services import jobs


def request_refresh(board: Board) -> None:
    """Ask for a new snapshot of the board and of its children; many requests make one refresh."""
    related = Board.objects.filter(Q(pk=board.pk) | Q(parent=board.pk))
    related.update(wanted=F("wanted") + 1)
    for pk in related.values_list("pk", flat=True):
        _rearm(pk)


def _rearm(pk: int) -> None:
    jobs.rearm(f"refresh:{pk}", Job.Kind.REFRESH, "default", {"board": pk}, settings.REFRESH_SECONDS)


def rearm_stale() -> None:
    """For the sweep: boards that still wait for a snapshot get their job back."""
    for pk in Board.objects.filter(built__lt=F("wanted")).values_list("pk", flat=True):
        _rearm(pk)


@dataclass(frozen=True)
class Fact:
    """One verdict, seen from entry a; `credit` is None when unscored."""

    entry_a: int
    entry_b: int
    prompt: int
    credit: float | None
    line: str
    """Its content for the digest: no ids, no times."""


def refresh(board: Board) -> BoardSnapshot:
    """Rate the board's present facts; an equal snapshot is reused."""
    wanted = board.wanted
    entries = list(board.ranked_entries().with_parts().order_by("slug"))
    facts = _judgments(board, entries) + _votes(board, entries)
    scores = _score_lines(board, entries)
    digest = _digest(board, entries, facts, scores)
    with transaction.atomic():
        snapshot = BoardSnapshot.objects.filter(board=board, digest=digest).first()
        if snapshot is None:
            snapshot = _store(board, entries, facts, digest)
        Board.objects.filter(pk=board.pk).update(current=snapshot, built=wanted)
    return snapshot


def _pairs_on(board: Board, entries: list[Entry]) -> Q:
    ids = [entry.pk for entry in entries]
    return Q(comparison__prompt__benchmark=board.benchmark_id, comparison__entry_a__in=ids, comparison__entry_b__in=ids)


COMPARISON = ("entry_a_id", "entry_b_id", "prompt_id", "prompt__key", "a__sample", "b__sample")


def _judgments(board: Board, entries: list[Entry]) -> list[Fact]:
    rows = Judgment.objects.filter(_pairs_on(board, entries), judge__in=board.judges.all()).order_by("pk")
    names = {entry.pk: entry.fingerprint for entry in entries}
    fields = [f"comparison__{name}" for name in COMPARISON]
    found = rows.values_list(*fields, "judge__fingerprint", "swapped", "repeat", "state", "credit_a")
    return [_fact(names, row[:6], row[6:10], row[10]) for row in found.iterator(chunk_size=5000)]


def _votes(board: Board, entries: list[Entry]) -> list[Fact]:
    if not board.counts_votes:
        return []
    rows = Vote.objects.filter(_pairs_on(board, entries)).exclude(outcome=Outcome.SKIP).order_by("pk")
    names = {entry.pk: entry.fingerprint for entry in entries}
    fields = [f"comparison__{name}" for name in COMPARISON]
    found = rows.values_list(*fields, "voter", "outcome")
    return [_fact(names, row[:6], row[6:], CREDIT[Outcome(row[7])]) for row in found.iterator(chunk_size=5000)]


def _fact(names: dict[int, str], place: Any, what: Any, credit: float | None) -> Fact:
    """The canonical order a < b follows ids, which differ between databases; the line must not."""
    a, b, prompt, key, sample_a, sample_b = place
    sides = [(names[a], sample_a, credit), (names[b], sample_b, None if credit is None else 1.0 - credit)]
    return Fact(a, b, prompt, credit, canonical_json([key, sorted(sides, key=lambda s: s[:2]), list(what)]))


def _score_lines(board: Board, entries: list[Entry]) -> list[str]:
    if board.metric is None:
        return []
    rows = Score.objects.filter(
        metric=board.metric, output__entry__in=entries, output__prompt__benchmark=board.benchmark_id
    )
    found = rows.values_list("output__entry__fingerprint", "output__prompt__key", "output__sample", "value")
    return [canonical_json(list(row)) for row in found]


def _digest(board: Board, entries: list[Entry], facts: list[Fact], scores: list[str]) -> str:
    rater = registry.ratings.get(board.rater)
    definition = fingerprint(
        "board",
        board.slug,
        board.benchmark.digest,
        [board.rater, rater.version, board.pairing, board.baseline.fingerprint if board.baseline else ""],
        [entry.fingerprint for entry in entries],
        board.metric.fingerprint if board.metric else "",
    )
    digest = hashlib.sha256(definition.encode())
    for line in sorted(fact.line for fact in facts) + sorted(scores):
        digest.update(line.encode())
    return digest.hexdigest()


def _battles(entries: list[Entry], facts: list[Fact]) -> Battles:
    place = {entry.pk: i for i, entry in enumerate(entries)}
    rows = [(place[f.entry_a], place[f.entry_b], f.credit, f.prompt) for f in facts if f.credit is not None]
    return Battles.of([entry.slug for entry in entries], rows)


def _rate(name: str, params: dict[str, Any], battles: Battles, notes: list[str]) -> RatingTable | None:
    """A rater that finds no rating leaves a note, not a number."""
    if not len(battles.a):
        return None
    try:
        table: RatingTable = registry.ratings.build(name, params).rate(battles)
    except (ValueError, registry.PluginError) as problem:
        notes.append(f"{name}: {problem}")
        return None
    notes.extend(note for note in table.notes if note not in notes)
    return table


def _store(board: Board, entries: list[Entry], facts: list[Fact], digest: str) -> BoardSnapshot:
    battles, notes = _battles(entries, facts), list[str]()
    baseline = board.baseline.slug if board.baseline else ""
    tables = {
        "bradley-terry": _rate("bradley-terry", {}, battles, notes),
        "win-rate": _rate("win-rate", {"baseline": baseline}, battles, notes),
        "elo": _rate("elo", {}, battles, notes),
    }
    if board.rater not in tables:
        tables[board.rater] = _rate(board.rater, {}, battles, notes)
    rows = _standings(board, entries, facts, tables)
    elo = tables["elo"]
    snapshot = BoardSnapshot.objects.create(
        board=board,
        digest=digest,
        details={
            "rater": board.rater,
            "version": registry.ratings.get(board.rater).version,
            "notes": notes,
            "counts": {"verdicts": len(facts), "unscored": sum(f.credit is None for f in facts)},
            "elo_history": elo.extra.get("history", {}) if elo else {},
        },
    )
    for row in rows:
        row.snapshot = snapshot
    Standing.objects.bulk_create(rows)
    return snapshot


def _standings(
    board: Board, entries: list[Entry], facts: list[Fact], tables: dict[str, RatingTable | None]
) -> list[Standing]:
    found = {name: table.by_name() if table else {} for name, table in tables.items()}
    wins = tables["win-rate"]
    outcomes = wins.extra.get("outcomes", {}) if wins else {}
    counts, outputs = _counts(board, entries, facts), _output_sums(board, entries)
    scores, key = _score_sums(board, entries), board.rater
    rows = [
        Standing(
            entry=entry,
            discrete_win_rate=outcomes.get(entry.slug, {}).get("discrete_win_rate"),
            **_rating_fields({name: table.get(entry.slug) for name, table in found.items()}, key),
            **counts[entry.pk],
            **outputs.get(entry.pk, {}),
            **scores.get(entry.pk, {}),
        )
        for entry in entries
    ]
    order = "win_rate" if key == "win-rate" else "rating"
    rows.sort(key=lambda row: (getattr(row, order) is None, -(getattr(row, order) or 0.0), row.entry.slug))
    for position, row in enumerate(rows, 1):
        row.position = position
    return rows


def _rating_fields(ratings: dict[str, Rating | None], main: str) -> dict[str, Any]:
    rating, win, elo, chief = ratings["bradley-terry"], ratings["win-rate"], ratings["elo"], ratings[main]
    if main not in ("bradley-terry", "win-rate", "elo"):
        rating = chief
    return {
        "rank_low": chief.rank_low if chief else None,
        "rank_high": chief.rank_high if chief else None,
        "rating": rating.value if rating else None,
        "rating_low": rating.low if rating else None,
        "rating_high": rating.high if rating else None,
        "win_rate": win.value if win else None,
        "win_rate_se": win.se if win else None,
        "win_rate_low": win.low if win else None,
        "win_rate_high": win.high if win else None,
        "elo": elo.value if elo else None,
        "note": (chief.note if chief else "No verdict yet.")[:300],
    }


def _counts(board: Board, entries: list[Entry], facts: list[Fact]) -> dict[int, dict[str, int]]:
    """Scored verdicts, and what is missing: unscored verdicts, planned ones not made, prompts without an output.

    A board that pairs with its baseline counts those verdicts only, since its win rate uses no others.
    """
    scored: Counter[int] = Counter()
    missing: Counter[int] = Counter(_unjudged(board, entries))
    for fact in facts:
        for entry in (fact.entry_a, fact.entry_b):
            (missing if fact.credit is None else scored)[entry] += 1
    prompts = board.benchmark.prompts.count()
    if board.pairing == Board.Pairing.BASELINE:
        met = {(entry, fact.prompt) for fact in facts for entry in (fact.entry_a, fact.entry_b)}
        with_verdict = Counter(entry for entry, _ in met)
        unscored = Counter(e for f in facts if f.credit is None for e in (f.entry_a, f.entry_b))
        return {e.pk: {"n": scored[e.pk], "missing": unscored[e.pk] + prompts - with_verdict[e.pk]} for e in entries}
    answered = _outputs(board, entries).values("entry").annotate(n=Count("prompt", distinct=True))
    for entry, count in answered.values_list("entry", "n"):
        missing[entry] += prompts - count
    return {e.pk: {"n": scored[e.pk], "missing": missing[e.pk]} for e in entries}


def _unjudged(board: Board, entries: list[Entry]) -> dict[int, int]:
    judges = list(board.judges.exclude(plugin="imported"))
    ids = [entry.pk for entry in entries]
    on_board = Comparison.objects.filter(entry_a__in=ids, entry_b__in=ids, prompt__benchmark=board.benchmark_id)
    total: Counter[int] = Counter()
    for judge in judges:
        judged = Judgment.objects.filter(judge=judge)
        waiting = on_board.exclude(pk__in=judged.values("comparison_id"))
        for side in ("entry_a", "entry_b"):
            total.update(dict(waiting.values_list(side).annotate(n=Count("pk")).order_by()))
    return total


def _outputs(board: Board, entries: list[Entry]) -> QuerySet[Output]:
    return Output.objects.filter(entry__in=entries, prompt__benchmark=board.benchmark_id).order_by()


def _output_sums(board: Board, entries: list[Entry]) -> dict[int, dict[str, Any]]:
    """Mean length (characters), mean tokens, total seconds and cost of each entry's outputs."""
    rows = (
        _outputs(board, entries)
        .values("entry")
        .annotate(
            mean_length=Avg(Cast(Length("text"), FloatField())),
            mean_tokens=Avg(Cast("output_tokens", FloatField())),
            total_seconds=Sum("seconds"),
            total_cost=Sum("cost_usd"),
        )
    )
    return {
        row["entry"]: {
            "mean_length": row["mean_length"],
            "mean_tokens": row["mean_tokens"],
            "seconds": row["total_seconds"],
            "cost_usd": row["total_cost"],
        }
        for row in rows
    }


def _score_sums(board: Board, entries: list[Entry]) -> dict[int, dict[str, Any]]:
    """The metric's mean in percent, its count, and how many outputs could not be scored."""
    if board.metric is None:
        return {}
    rows = Score.objects.filter(
        metric=board.metric, output__entry__in=entries, output__prompt__benchmark=board.benchmark_id
    )
    sums = rows.order_by().values("output__entry").annotate(mean=Avg("value"), n=Count("value"), total=Count("pk"))
    return {
        row["output__entry"]: {
            "score": None if row["mean"] is None else 100.0 * row["mean"],
            "score_n": row["n"],
            "score_missing": row["total"] - row["n"],
        }
        for row in sums
    }
