"""Reads the numbers that operators watch: a fixed number of queries, however much there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Min, Q
from django.db.models.functions import Now
from django.utils import timezone

from leaderboard.models import Board, Budget, Job, Judge, Judgment, QuarantineDecision, Vote
from leaderboard.models.budgets import NANO

DAYS = 8
"""Days of which the spend is told, today being the last."""
EVERYWHERE = "*"
"""Stands for all boards at once."""


@dataclass(frozen=True)
class Series:
    """One metric: its values by the values of its `labels`. `total`: it only ever grows."""

    name: str
    help: str
    labels: tuple[str, ...]
    values: Sequence[tuple[tuple[str, ...], float]]
    total: bool = False


def series() -> list[Series]:
    """All of it."""
    return [_jobs(), _waiting(), _age(), _votes(), _quarantined(), _judgments(), *_spend(), *_lag()]


def _jobs() -> Series:
    rows = Job.objects.order_by().values_list("kind", "state").annotate(Count("pk"))
    return Series("jobs", "Jobs by kind and state.", ("kind", "state"), _two(rows))


def _waiting() -> Series:
    waits = Job.objects.filter(state=Job.State.READY).exclude(error="").order_by()
    rows = waits.values_list("kind").annotate(Count("pk"))
    values = [((kind,), float(count)) for kind, count in rows]
    return Series("jobs_waiting", "Jobs that were put off with a reason, such as for budget.", ("kind",), values)


def _age() -> Series:
    due = Job.objects.filter(state=Job.State.READY, not_before__lte=Now()).order_by()
    now = timezone.now()
    values = [
        ((queue,), max(0.0, (now - first).total_seconds()))
        for queue, first in due.values_list("queue").annotate(Min("not_before"))
    ]
    return Series("queue_age_seconds", "How long the oldest job that is due has waited.", ("queue",), values)


def _votes() -> Series:
    rows = Vote.objects.order_by().values_list("board__slug", "outcome").annotate(Count("pk"))
    return Series("votes", "Votes cast, those taken back too.", ("board", "outcome"), _two(rows), total=True)


def _quarantined() -> Series:
    """By the latest decision on each voter of a board, or of all boards."""
    rows = QuarantineDecision.objects.order_by("pk").values_list("board__slug", "voter", "quarantined")
    latest = {(slug or EVERYWHERE, voter): held for slug, voter, held in rows.iterator(chunk_size=5000)}
    count = Counter(slug for (slug, _), held in latest.items() if held)
    values = [((slug,), float(n)) for slug, n in sorted(count.items())]
    told = f"Voters in quarantine by the board of the decision, {EVERYWHERE} for all boards."
    return Series("quarantined_voters", told, ("board",), values)


def _judgments() -> Series:
    rows = Judgment.objects.order_by().values_list("judge__name", "state").annotate(Count("pk"))
    return Series("judgments", "Stored verdicts.", ("judge", "state"), _two(rows), total=True)


def _spend() -> list[Series]:
    """By judge since ever, and by day."""
    since = f"day:{timezone.now() - timedelta(days=DAYS - 1):%Y-%m-%d}"
    rows = list(Budget.objects.filter(Q(key__startswith="judge:") | Q(key__startswith="day:", key__gte=since)))
    names = {f"judge:{pk}": name for pk, name in Judge.objects.values_list("pk", "name")}
    by_judge = [(names[row.key], row) for row in rows if row.key in names]
    by_day = [(row.key.removeprefix("day:"), row) for row in rows if row.key.startswith("day:")]
    return [
        *_purses("judge", by_judge, "Since the judge was made.", total=True),
        *_purses("day", by_day, f"Of the last {DAYS} days, in UTC."),
    ]


def _purses(label: str, rows: Iterable[tuple[str, Budget]], when: str, *, total: bool = False) -> list[Series]:
    found = sorted(rows, key=lambda one: one[0])
    usd = [((name,), row.spent_nano / NANO) for name, row in found]
    tokens = [((name,), float(row.spent_tokens)) for name, row in found]
    return [
        Series(f"{label}_spend_usd", f"Dollars with a known price. {when}", (label,), usd, total),
        Series(f"{label}_spend_tokens", f"Tokens in and out. {when}", (label,), tokens, total),
    ]


def _lag() -> list[Series]:
    """A board is behind where facts came that its snapshot does not have."""
    rows = Board.objects.order_by("slug").values_list("slug", "current__created_at", F("wanted") - F("built"))
    now, found = timezone.now(), list(rows)
    age = [
        ((slug,), max(0.0, (now - made).total_seconds()) if behind > 0 and made else 0.0)
        for slug, made, behind in found
    ]
    asked = [((slug,), float(max(0, behind))) for slug, _, behind in found]
    return [
        Series("refresh_lag_seconds", "Age of a snapshot that is behind; 0 where none is.", ("board",), age),
        Series("refresh_requests", "Requests for a snapshot that are not served yet.", ("board",), asked),
    ]


def _two(rows: Iterable[tuple[str, str, int]]) -> Sequence[tuple[tuple[str, ...], float]]:
    return sorted(((first, second), float(count)) for first, second, count in rows)
