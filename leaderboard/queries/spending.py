"""Reads what was spent from a purse, and why work waits."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from leaderboard.models import Budget, Job
from leaderboard.models.budgets import NANO


@dataclass(frozen=True)
class Spend:
    """What was spent so far and may be spent, None for no cap. Dollars count only what has a known price."""

    usd: float
    tokens: int
    max_usd: float | None
    max_tokens: int | None


def spend(key: str) -> Spend | None:
    """Of the purse of this key; None where nothing was spent and nothing is capped."""
    row = Budget.objects.filter(key=key).first()
    if row is None:
        return None
    cap = None if row.cap_nano is None else row.cap_nano / NANO
    return Spend(row.spent_nano / NANO, row.spent_tokens, cap, row.cap_tokens)


def waiting(jobs: QuerySet[Job]) -> str:
    """Why the first of these jobs waits that was begun and put off; empty where none was."""
    waits = jobs.filter(state=Job.State.READY).exclude(error="").order_by("pk")
    return waits.values_list("error", flat=True).first() or ""
