"""Lets the failed jobs of a board that belong to no submission be done again."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from leaderboard.models import Board, Job
from leaderboard.queries import board_jobs
from leaderboard.services import jobs


def retry_failed(board: Board, pk: int | None = None) -> int:
    """Make every failed one ready again, or the one of this id; returns how many."""
    failed = board_jobs.of_board(board).filter(state=Job.State.FAILED)
    with transaction.atomic():
        found = list((failed if pk is None else failed.filter(pk=pk)).values_list("pk", flat=True))
        again = Job.objects.filter(pk__in=found, state=Job.State.FAILED)
        count = again.update(state=Job.State.READY, attempts=0, not_before=Now(), sent_at=None, error="")
        transaction.on_commit(lambda: jobs.ring_all(Job.objects.filter(pk__in=found, state=Job.State.READY)))
    return count
