"""Pairs with a known better side, shown now and then to see whether a voter looks. They never count in ratings."""

from __future__ import annotations

import random

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from leaderboard.contracts.values import VerdictState
from leaderboard.models import Ballot, Board, Comparison, Judgment, KnownPair
from leaderboard.queries.arenas import retired

MOST = 200
RANDOM = random.SystemRandom()
REFERENCE = "reference"
"""The judge plugin that compares an answer with the prompt's reference."""


def plan(board: Board) -> int:
    """Find known pairs among the board's comparisons, up to `MOST`; returns how many there are.

    A right answer by the reference against a wrong one, where the reference judge has said so in every order that it
    was asked; and an answer against an empty one.
    """
    inside = Comparison.objects.filter(
        prompt__benchmark=board.benchmark_id,
        entry_a__in=board.ranked_entries().values("pk"),
        entry_b__in=board.ranked_entries().values("pk"),
    ).exclude(a__text=F("b__text"))
    room = MOST - KnownPair.objects.filter(board=board).count()
    fresh = inside.exclude(pk__in=KnownPair.objects.filter(board=board).values("comparison"))
    rows: list[KnownPair] = []
    for expected, why, found in _ways(fresh):
        picked = found.order_by("pk").values_list("pk", flat=True)[: max(0, room - len(rows))]
        rows += [KnownPair(board=board, comparison_id=pk, expected=expected, why=why) for pk in picked]
    KnownPair.objects.bulk_create(rows, ignore_conflicts=True)
    return KnownPair.objects.filter(board=board).count()


def _ways(fresh: QuerySet[Comparison]) -> list[tuple[str, str, QuerySet[Comparison]]]:
    said = Judgment.objects.filter(comparison=OuterRef("pk"), judge__plugin=REFERENCE)
    scored = said.filter(state=VerdictState.SCORED)
    right, empty = "right answer against a wrong one", "answer against an empty one"
    return [
        ("a", right, fresh.filter(Exists(scored), ~Exists(said.filter(~Q(credit_a=1.0)))).exclude(b__text="")),
        ("b", right, fresh.filter(Exists(scored), ~Exists(said.filter(~Q(credit_a=0.0)))).exclude(a__text="")),
        ("a", empty, fresh.filter(b__text="")),
        ("b", empty, fresh.filter(a__text="")),
    ]


def pick(board: Board, *, voter: str) -> KnownPair | None:
    """A known pair that this voter has never been shown; None where there is none."""
    seen = Ballot.objects.filter(voter=voter, comparison=OuterRef("comparison"))
    gone = retired(board)
    shown = KnownPair.objects.exclude(comparison__entry_a__in=gone).exclude(comparison__entry_b__in=gone)
    found = list(shown.filter(~Exists(seen), board=board)[:MOST])
    return RANDOM.choice(found) if found else None
