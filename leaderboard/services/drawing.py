"""Draws the pair that a voter sees next: two entries by the board's plan, a prompt among those shown least.

A draw costs the same few index look-ups however many votes, ballots and prompts there are: the plan holds the chances,
and what the voter has seen is looked up for a handful of candidates only.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import cycle
from typing import Any

import numpy as np
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from leaderboard.models import ArenaPolicy, Ballot, Board, Comparison, PairPlan, PromptTurn
from leaderboard.queries import arenas
from leaderboard.queries.arena import differing_pair, shown_pairs
from leaderboard.queries.prepared import Prepared

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
    made = getattr(board, "plan_made", None)
    plan = _plan_of(board.pk, made) if made else _PLAN.one(board=board.pk)
    pairs = _pairs(plan) if plan else {}
    turns = _turns(board, plan)
    found = _candidate(voter, pairs, turns) or _left(_fresh(voter).filter(_scope(board, plan)), pairs, turns)
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


def draw_among(board: Board, allowed: Sequence[int]) -> tuple[Entries, float | None] | None:
    """Two of the allowed entries by the board's plan, and with what chance among them; None with fewer than two.

    Without a plan that knows two of them every two are as likely, and the chance is None.
    """
    plan = PairPlan.objects.filter(board=board).exclude(entries=[]).first()
    if plan is not None:
        ids = np.array(plan.entries, dtype=np.int64)
        i, j = np.triu_indices(len(ids), 1)
        known = np.isin(ids, allowed)
        chances = np.where(known[i] & known[j], np.frombuffer(plan.pairs, "<f4"), 0.0).astype(np.float64)
        if (upto := np.cumsum(chances)).size and upto[-1] > 0:
            at = int(np.searchsorted(upto, RANDOM.random() * upto[-1], side="right"))
            return (int(ids[i[at]]), int(ids[j[at]])), float(chances[at] / upto[-1])
    if len(allowed) < 2:
        return None
    first, second = RANDOM.sample(list(allowed), 2)
    return (first, second), None


def _turns(board: Board, plan: PairPlan | None) -> list[int]:
    """Prompts whose turn it is in a category drawn by its chance, ties in random order; any without a plan."""
    if plan is None:
        return list(board.benchmark.prompts.order_by("?").values_list("pk", flat=True)[:TURNS])
    names, chances = zip(*plan.categories, strict=True)
    found = _TURNS(board=board.pk, category=RANDOM.choices(names, chances)[0])
    return [prompt for _, prompt in sorted(found, key=lambda turn: (turn[0], RANDOM.random()))]


def _fresh(voter: str) -> Rows:
    """Comparisons that this voter has never been shown."""
    return Comparison.objects.filter(~Exists(Ballot.objects.filter(voter=voter, comparison=OuterRef("pk"))))


def _on_turns(voter: str, **ids: int) -> QuerySet[Any]:
    pairs = Q()
    for place in range(PAIRS):
        both = [ids[f"i{place}"], ids[f"j{place}"]]
        pairs |= Q(entry_a__in=both, entry_b__in=both)
    rows = _fresh(voter).filter(pairs, prompt__in=[ids[f"t{place}"] for place in range(TURNS)])
    return rows.values_list("pk", "entry_a_id", "entry_b_id", "prompt_id")


_PLAN = Prepared[PairPlan](lambda board: PairPlan.objects.filter(board=board).exclude(entries=[]), board=int)


@lru_cache(maxsize=32)
def _plan_of(board: int, made: datetime) -> PairPlan | None:
    """The plan that was made at that moment, or since: with many entries it is large, and the same for all voters."""
    return _PLAN.one(board=board)


_TURNS = Prepared[tuple[int, int]](
    lambda board, category: (
        PromptTurn.objects.filter(board=board, category=category)
        .order_by("shown", "key")
        .values_list("shown", "prompt_id")[:TURNS]
    ),
    board=int,
    category=str,
)
_ON_TURNS = Prepared[tuple[int, int, int, int]](
    _on_turns,
    voter=str,
    **{f"{side}{place}": int for side in "ij" for place in range(PAIRS)},
    **{f"t{place}": int for place in range(TURNS)},
)


def _candidate(voter: str, pairs: dict[Entries, float], turns: list[int]) -> Comparison | None:
    """A comparison of the pair drawn first, else of the second, and so on, on a prompt whose turn it is."""
    if not pairs or not turns:
        return None
    order = {pair: place for place, pair in enumerate(pairs)}
    ids = {f"t{place}": prompt for place, prompt in zip(range(TURNS), cycle(turns), strict=False)}
    for place, (i, j) in zip(range(PAIRS), cycle(pairs), strict=False):
        ids |= {f"i{place}": i, f"j{place}": j}
    found = [(order[_entries(a, b)], turns.index(prompt), pk) for pk, a, b, prompt in _ON_TURNS(voter=voter, **ids)]
    best = [pk for *_, pk in sorted(found)[:LOOKED_AT]]
    return (differing_pair(best[0]) or _first_differing(best[1:])) if best else None


def _first_differing(best: list[int]) -> Comparison | None:
    differing = {row.pk: row for row in _differing(shown_pairs().filter(pk__in=best))}
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
    entries = board.ranked_entries().exclude(pk__in=arenas.retired(board)).values("pk")
    inside = Q(prompt__benchmark=board.benchmark_id, entry_a__in=entries, entry_b__in=entries)
    policy = ArenaPolicy.objects.filter(board=board, prompts__isnull=False).first()
    return inside & Q(prompt__in=policy.prompts.values("pk")) if policy else inside
