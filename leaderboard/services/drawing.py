"""Draws the pair that a voter sees next: two entries by the board's plan, a prompt among those shown least.

A draw costs the same few index look-ups however many votes, ballots and prompts there are: the plan holds the chances,
and what the voter has seen is looked up for a handful of candidates only.
"""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass

import numpy as np
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from leaderboard.models import ArenaPolicy, Ballot, Board, Comparison, PairPlan, PromptTurn

Rows = QuerySet[Comparison]

PAIRS = 4
"""Pairs of entries drawn at a time; the later ones stand in where the voter has seen all of the first."""
TURNS = 8
"""Prompts shown least that are looked at, so that many voters at once do not all get the same one."""
LOOKED_AT = 8
"""Candidates of which the texts are compared."""
LEFT = 64
"""Comparisons of which one is taken where no candidate is left."""
RANDOM = random.SystemRandom()
Entries = tuple[int, int]


@dataclass(frozen=True)
class Drawn:
    """A pair to show. `swapped`: side b stands left, by coin. `chance`: of its two entries by the plan, if one drew."""

    comparison: Comparison
    swapped: bool
    chance: float | None


def draw(board: Board, *, voter: str) -> Drawn | None:
    """A pair with two different texts that this voter has never been shown; None only where there is none left."""
    plan = PairPlan.objects.filter(board=board).exclude(entries=[]).first()
    pairs = _pairs(plan) if plan else {}
    turns = _turns(board, plan)
    fresh = Comparison.objects.filter(~Exists(Ballot.objects.filter(voter=voter, comparison=OuterRef("pk"))))
    found = _candidate(fresh, pairs, turns) or _left(fresh.filter(_scope(board, plan)), pairs, turns)
    if found is None:
        return None
    PromptTurn.objects.filter(board=board, prompt=found.prompt_id).update(shown=F("shown") + 1)
    chance = pairs.get(_entries(found.entry_a_id, found.entry_b_id))
    return Drawn(found, secrets.choice((False, True)), chance)


def _entries(a: int, b: int) -> Entries:
    """Two entries in the order of their ids; a comparison has them in that of its outputs."""
    return min(a, b), max(a, b)


def _pairs(plan: PairPlan) -> dict[Entries, float]:
    """Pairs of entries with their chances, in the order in which they were drawn."""
    chances = np.frombuffer(plan.pairs, "<f4")
    upto = np.cumsum(chances, dtype=np.float64)
    row = np.cumsum([0, *range(len(plan.entries) - 1, 1, -1)])
    drawn: dict[Entries, float] = {}
    for _ in range(PAIRS):
        at = int(np.searchsorted(upto, RANDOM.random() * upto[-1], side="right"))
        i = int(np.searchsorted(row, at, side="right")) - 1
        j = i + 1 + at - int(row[i])
        drawn.setdefault(_entries(plan.entries[i], plan.entries[j]), float(chances[at]))
    return drawn


def _turns(board: Board, plan: PairPlan | None) -> list[int]:
    """Prompts whose turn it is in a category drawn by its chance, ties in random order; any without a plan."""
    if plan is None:
        return list(board.benchmark.prompts.order_by("?").values_list("pk", flat=True)[:TURNS])
    names, chances = zip(*plan.categories, strict=True)
    due = PromptTurn.objects.filter(board=board, category=RANDOM.choices(names, chances)[0])
    found = list(due.order_by("shown", "key").values_list("shown", "prompt_id")[:TURNS])
    return [prompt for _, prompt in sorted(found, key=lambda turn: (turn[0], RANDOM.random()))]


def _candidate(fresh: Rows, pairs: dict[Entries, float], turns: list[int]) -> Comparison | None:
    """A comparison of the pair drawn first, else of the second, and so on, on a prompt whose turn it is."""
    if not pairs:
        return None
    entries = {entry for pair in pairs for entry in pair}
    order = {pair: place for place, pair in enumerate(pairs)}
    rows = fresh.filter(entry_a__in=entries, entry_b__in=entries, prompt__in=turns)
    found = [
        (order[_entries(a, b)], turns.index(prompt), pk)
        for pk, a, b, prompt in rows.values_list("pk", "entry_a_id", "entry_b_id", "prompt_id")
        if _entries(a, b) in order
    ]
    best = [pk for *_, pk in sorted(found)[:LOOKED_AT]]
    differing = {row.pk: row for row in _differing(Comparison.objects.filter(pk__in=best))}
    return next((differing[pk] for pk in best if pk in differing), None)


def _left(rows: Rows, pairs: dict[Entries, float], turns: list[int]) -> Comparison | None:
    """A comparison left for the voter: of the pairs drawn, else on the prompts whose turn it is, else any."""
    ways = [rows.filter(prompt__in=turns), rows]
    if pairs and turns:
        drawn = Q()
        for a, b in pairs:
            drawn |= Q(entry_a=a, entry_b=b) | Q(entry_a=b, entry_b=a)
        ways = [rows.filter(drawn, prompt__gte=turns[0]), rows.filter(drawn), *ways]
    for way in ways:
        if found := list(_differing(way)[:LEFT]):
            return RANDOM.choice(found)
    return None


def _differing(rows: Rows) -> Rows:
    return rows.exclude(a__text=F("b__text"))


def _scope(board: Board, plan: PairPlan | None) -> Q:
    """Comparisons that the board may show: those of its plan; without one, of its entries on the prompts asked."""
    if plan is not None:
        prompts = PromptTurn.objects.filter(board=board).values("prompt")
        return Q(entry_a__in=plan.entries, entry_b__in=plan.entries, prompt__in=prompts)
    entries = board.ranked_entries().values("pk")
    inside = Q(prompt__benchmark=board.benchmark_id, entry_a__in=entries, entry_b__in=entries)
    policy = ArenaPolicy.objects.filter(board=board, prompts__isnull=False).first()
    return inside & Q(prompt__in=policy.prompts.values("pk")) if policy else inside
