"""Jobs of a board that belong to no submission and did not go well, for staff: see them, have them done again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router
from ninja.errors import AuthorizationError
from pydantic import BaseModel, ConfigDict

from leaderboard.api.auth import Bearer, SignedRequest
from leaderboard.api.boards import find_board
from leaderboard.api.problems import responses
from leaderboard.api.submissions import writing
from leaderboard.models import Board
from leaderboard.queries import board_jobs as read
from leaderboard.services import board_jobs

router = Router(tags=["boards"])


class BoardJob(BaseModel):
    """A job that failed, or that waits with a reason. `items`: how many verdicts it is for."""

    id: int
    kind: str
    judge: str
    items: int
    state: str
    error: str
    created_at: datetime


class BoardJobs(BaseModel):
    """The oldest first, 50 at most."""

    items: list[BoardJob]


class Again(BaseModel):
    """Which job to do again; null for all that failed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    job: int | None = None


class Retried(BaseModel):
    """How many jobs are done again."""

    jobs: int


@router.get("/boards/{slug:slug}/jobs", response={200: BoardJobs, **responses(401, 403, 404)}, auth=Bearer())
def list_board_jobs(request: SignedRequest, slug: str) -> Any:
    """Jobs of the board that belong to no submission and failed, or wait with a reason. For staff."""
    found = list(read.of_board(_board(request, slug))[: read.SHOWN])
    names, plain = read.judges_of(found), ("kind", "items", "state", "error", "created_at")
    items = [
        BoardJob(
            id=job.pk, judge=names.get(job.payload.get("judge", 0), ""), **{one: getattr(job, one) for one in plain}
        )
        for job in found
    ]
    return BoardJobs(items=items)


@router.post(
    "/boards/{slug:slug}/jobs/retry",
    response={200: Retried, **responses(400, 401, 403, 404, 413, 422, 429)},
    **writing,
)
def retry_board_jobs(request: SignedRequest, slug: str, which: Again) -> Any:
    """Do again what failed of the jobs that belong to no submission. For staff; nothing to do is no error."""
    return Retried(jobs=board_jobs.retry_failed(_board(request, slug), which.job))


def _board(request: SignedRequest, slug: str) -> Board:
    if not request.auth.is_staff:
        raise AuthorizationError(message="Only staff may see and change a board's jobs.")
    return find_board(slug)
