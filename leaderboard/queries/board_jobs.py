"""Reads the jobs of a board that belong to no submission and did not go well: those of judges that were added later,
of canaries, of trials and of refreshes.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from leaderboard.models import Board, Job, Judge

SHOWN = 50


def of_board(board: Board) -> QuerySet[Job]:
    """Failed ones, and those that wait with a reason, the oldest first."""
    stuck = Q(state=Job.State.FAILED) | (Q(state=Job.State.READY) & ~Q(error=""))
    return Job.objects.filter(stuck, submission=None, sweep=None, payload__board=board.pk).order_by("pk")


def judges_of(jobs: list[Job]) -> dict[int, str]:
    """Names of the judges that the jobs name, by id; one query."""
    wanted = {job.payload["judge"] for job in jobs if isinstance(job.payload.get("judge"), int)}
    return dict(Judge.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}
