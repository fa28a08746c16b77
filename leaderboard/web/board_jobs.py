"""What an operator sees on a board of jobs that belong to no submission, and the button to do them again."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from leaderboard.models import Board, Job
from leaderboard.queries import board_jobs as read
from leaderboard.queries import boards as read_boards
from leaderboard.services import board_jobs
from leaderboard.web.asked_for import tried_again
from leaderboard.web.numbers import id_in


@dataclass(frozen=True)
class JobLine:
    """A job that failed, or waits; `judge` is "" where it has none."""

    job: Job
    judge: str

    @property
    def failed(self) -> bool:
        """Whether it can be tried again."""
        return self.job.state == Job.State.FAILED


def lines(request: HttpRequest, board: Board) -> list[JobLine]:
    """For staff; nobody else sees any, and no query is made for them."""
    if not getattr(request.user, "is_staff", False):
        return []
    found = list(read.of_board(board)[: read.SHOWN])
    names = read.judges_of(found)
    return [JobLine(job, names.get(job.payload.get("judge", 0), "")) for job in found]


@require_POST
def retry(request: HttpRequest, slug: str) -> HttpResponse:
    """Do again what failed: all of it, or the job that is named."""
    if not getattr(request.user, "is_staff", False):
        raise PermissionDenied(_("Only staff may have jobs done again."))
    board = get_object_or_404(read_boards.all_boards(), slug=slug)
    number = request.POST.get("job", "")
    count = board_jobs.retry_failed(board, id_in(number) if number else None)
    if count:
        messages.success(request, tried_again(count))
    else:
        messages.info(request, _("Nothing failed here that could be tried again."))
    return redirect("board", slug)
