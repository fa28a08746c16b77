"""Reads the plan of pairs as it is published: the rule, its settings, and what follows from them for each entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

import numpy as np
from django.db.models import Count, Max, Min

from leaderboard.models import Board, Entry, PairPlan, PromptTurn


@dataclass(frozen=True)
class Share:
    """How often an entry is shown: its part of all pairs drawn. The parts of all entries sum to 2."""

    slug: str
    name: str
    share: float


@dataclass(frozen=True)
class Published:
    """A board's plan. `rule`: settings; `categories`: name and chance; `shown`: least and most often among `prompts`.

    `chances`: of each unordered pair of `entries`, row by row, sum 1.
    """

    rule: dict[str, Any]
    note: str
    snapshot: str
    made_at: datetime
    votes: int
    categories: list[tuple[str, float]]
    prompts: int
    shown: tuple[int, int]
    entries: list[Share]
    chances: list[float]

    @property
    def equal(self) -> float:
        """The share that each entry would have if all pairs were drawn alike."""
        return 2 / len(self.entries) if self.entries else 0.0

    @property
    def pairs(self) -> Iterator[tuple[str, str, float]]:
        """Slugs of each pair that can be drawn, and its chance."""
        slugs = combinations([entry.slug for entry in self.entries], 2)
        return ((a, b, chance) for (a, b), chance in zip(slugs, self.chances, strict=True) if chance > 0)


def published(board: Board) -> Published | None:
    """The board's plan; None where it takes no votes, or has not been refreshed since it does."""
    plan = PairPlan.objects.select_related("snapshot").defer("snapshot__details").filter(board=board).first()
    if plan is None or not board.open_to_votes:
        return None
    turns = PromptTurn.objects.filter(board=board).aggregate(n=Count("pk"), least=Min("shown"), most=Max("shown"))
    chances = np.frombuffer(plan.pairs, "<f4").astype(np.float64)
    return Published(
        rule=plan.rule,
        note=plan.note,
        snapshot=plan.snapshot.digest,
        made_at=plan.made_at,
        votes=plan.votes,
        categories=[(name, chance) for name, chance in plan.categories],
        prompts=turns["n"],
        shown=(turns["least"] or 0, turns["most"] or 0),
        entries=_shares(plan, chances),
        chances=chances.tolist(),
    )


def _shares(plan: PairPlan, chances: Any) -> list[Share]:
    """In the order of the plan."""
    i, j = np.triu_indices(len(plan.entries), 1)
    share = np.bincount(i, chances, len(plan.entries)) + np.bincount(j, chances, len(plan.entries))
    entries = Entry.objects.with_parts().in_bulk(plan.entries)
    return [
        Share(entries[pk].slug, str(entries[pk]), float(part)) for pk, part in zip(plan.entries, share, strict=True)
    ]
