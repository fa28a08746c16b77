"""Reads two entries side by side: their outputs, and who won by each judge and by people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Avg, Case, Count, F, OuterRef, Q, QuerySet, Subquery, When

from leaderboard.contracts.values import Outcome
from leaderboard.models import Board, Comparison, Entry, Judge, Judgment, Output, Prompt, Vote
from leaderboard.queries import voters
from leaderboard.queries.integrity import counted
from leaderboard.queries.prepared import Prepared

SIZE = 10
SIDES = ("left", "right")


@dataclass(frozen=True)
class Verdict:
    """One judge's word on a pair. `winner` is left, right, tie, or "" where it could not be told."""

    judge: str
    winner: str
    state: str
    swapped: bool
    credit: float | None
    """For the left side."""
    raw: str


@dataclass(frozen=True)
class Pairing:
    """Two outputs to one prompt, with what was said about them."""

    prompt: Prompt
    left: Output
    right: Output
    verdicts: list[Verdict]
    people: dict[str, int]


@dataclass(frozen=True)
class Total:
    """How often each side won by one judge; `share` is the left side's mean credit in percent."""

    judge: str
    left: int
    right: int
    tie: int
    unscored: int
    share: float | None


def judges_of(board: Board) -> QuerySet[Judge]:
    """The board's judges, and those of its parent."""
    return Judge.objects.filter(boards__in=[board.pk, board.parent_id or board.pk]).distinct()


def _met(board: Board, left: Entry, right: Entry) -> QuerySet[Comparison]:
    sides = Q(entry_a=left, entry_b=right) | Q(entry_a=right, entry_b=left)
    return Comparison.objects.filter(sides, prompt__benchmark=board.benchmark_id)


def totals(board: Board, left: Entry, right: Entry) -> list[Total]:
    """Head to head, a line a judge, people last."""
    found = Judgment.objects.filter(comparison__in=_met(board, left, right), judge__in=judges_of(board))
    straight, turned = Q(comparison__entry_a=left), Q(comparison__entry_a=right)
    won, lost = Q(credit_a__gt=0.5), Q(credit_a__lt=0.5)
    rows = (
        found.values("judge__name")
        .annotate(
            left=Count("pk", filter=(straight & won) | (turned & lost)),
            right=Count("pk", filter=(straight & lost) | (turned & won)),
            tie=Count("pk", filter=Q(credit_a=0.5)),
            unscored=Count("pk", filter=Q(credit_a=None)),
            share=100 * Avg(Case(When(straight, then=F("credit_a")), default=1.0 - F("credit_a"))),
        )
        .order_by("judge__name")
    )
    lines = [Total(r["judge__name"], r["left"], r["right"], r["tie"], r["unscored"], r["share"]) for r in rows]
    return lines + _people_total(board, left, right)


def _people_total(board: Board, left: Entry, right: Entry) -> list[Total]:
    rows = (
        counted(Vote.objects.filter(voters.counted(board), comparison__in=_met(board, left, right)), board)
        .values_list("comparison__entry_a", "outcome")
        .annotate(n=Count("pk"))
        .order_by()
    )
    count: Counter[str] = Counter()
    for entry_a, outcome, n in rows:
        count[_side(outcome, straight=entry_a == left.pk)] += n
    votes = count["left"] + count["right"] + count["tie"]
    if not votes:
        return []
    share = 100 * (count["left"] + count["tie"] / 2) / votes
    return [Total("people", count["left"], count["right"], count["tie"], 0, share)]


def _side(outcome: str, *, straight: bool) -> str:
    """A vote's outcome as a side; "skip" for a skipped pair."""
    if outcome in (Outcome.TIE, Outcome.BOTH_BAD):
        return "tie"
    if outcome == Outcome.SKIP:
        return "skip"
    return SIDES[(outcome == Outcome.A) != straight]


def pairings(board: Board, left: Entry, right: Entry, *, differ: bool, number: str) -> tuple[list[Pairing], Page[Any]]:
    """One page of pairs, in the benchmark's order; pairs that were never matched are shown without verdicts."""
    met = _met(board, left, right).select_related("prompt", "a", "b").order_by("prompt__position", "pk")
    if met.exists():
        shown = Paginator(met.exclude(a__text=F("b__text")) if differ else met, SIZE).get_page(number)
        return matched(board, list(shown), left.pk), shown
    loose = Paginator(_unmet(board, left, right, differ=differ), SIZE).get_page(number)
    others = Output.objects.in_bulk([output.other for output in loose])
    return [Pairing(o.prompt, o, others[o.other], [], {}) for o in loose], loose


def _unmet(board: Board, left: Entry, right: Entry, *, differ: bool) -> QuerySet[Any]:
    twin = Output.objects.filter(entry=right, prompt=OuterRef("prompt"), sample=OuterRef("sample"))
    mine: QuerySet[Any] = Output.objects.filter(entry=left, prompt__benchmark=board.benchmark_id)
    rows = mine.annotate(other=Subquery(twin.values("pk")[:1]), other_text=Subquery(twin.values("text")[:1]))
    rows = rows.filter(other__isnull=False).select_related("prompt").order_by("prompt__position", "sample")
    return rows.exclude(text=F("other_text")) if differ else rows  # type: ignore[no-any-return]


def matched(board: Board, comparisons: list[Comparison], left: int) -> list[Pairing]:
    """Comparisons with their verdicts, turned so that the entry `left` is on the left."""
    judged, voted = _verdicts(board, comparisons), _votes(comparisons)
    found = []
    for row in comparisons:
        straight = row.entry_a_id == left
        sides = (row.a, row.b) if straight else (row.b, row.a)
        people = Counter(_side(outcome, straight=straight) for outcome in voted[row.pk])
        found.append(Pairing(row.prompt, *sides, [_verdict(j, straight) for j in judged[row.pk]], dict(people)))
    return found


def verdicts_on(board: Board, comparison: int, *, straight: bool) -> list[Verdict]:
    """What the judges said on the pair of this id; `straight` puts its side a on the left."""
    rows = _ON_ONE(comparison=comparison, board=board.pk, parent=board.parent_id or board.pk)
    return [_verdict(judgment, straight) for judgment in rows]


def _judged(comparisons: Collection[int], boards: Collection[int]) -> QuerySet[Judgment]:
    judges = Judge.objects.filter(boards__in=boards)
    rows = Judgment.objects.filter(comparison__in=comparisons, judge__in=judges).select_related("judge")
    return rows.order_by("judge__name", "swapped", "repeat")


_ON_ONE = Prepared[Judgment](
    lambda comparison, board, parent: _judged([comparison], [board, parent]), comparison=int, board=int, parent=int
)


def _verdicts(board: Board, comparisons: Iterable[Comparison]) -> dict[int, list[Judgment]]:
    found: dict[int, list[Judgment]] = defaultdict(list)
    for judgment in _judged([row.pk for row in comparisons], [board.pk, board.parent_id or board.pk]):
        found[judgment.comparison_id].append(judgment)
    return found


def _votes(comparisons: Iterable[Comparison]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    rows = Vote.objects.filter(comparison__in=[row.pk for row in comparisons]).exclude(outcome=Outcome.SKIP)
    for comparison, outcome in rows.values_list("comparison_id", "outcome"):
        found[comparison].append(outcome)
    return found


def _verdict(row: Judgment, straight: bool) -> Verdict:
    credit = row.credit_a if straight or row.credit_a is None else 1.0 - row.credit_a
    winner = "" if credit is None else "tie" if credit == 0.5 else SIDES[credit < 0.5]
    return Verdict(row.judge.name, winner, row.state, row.swapped, credit, row.raw)
