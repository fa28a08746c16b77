"""Moderation of a board's votes, for those with the right: voters, decisions, the log, how checks do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from ninja import Query, Router, Status
from ninja.errors import AuthorizationError
from pydantic import BaseModel, ConfigDict, Field

from leaderboard.api.auth import Bearer, SignedRequest
from leaderboard.api.boards import find_board
from leaderboard.api.paging import LINK, PageQuery, take
from leaderboard.api.problems import responses
from leaderboard.api.submissions import unstorable, writing
from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Board
from leaderboard.queries import audit_log as read_log
from leaderboard.queries import moderation as read
from leaderboard.queries.integrity import quarantined
from leaderboard.services import moderation
from leaderboard.services.quarantine import RIGHT

router = Router(tags=["moderation"])


class VoterItem(BaseModel):
    """A voter with the numbers of the last refresh; which there are is told on the moderation page."""

    voter: str
    quarantined: bool
    evidence: dict[str, Any]


class VoterList(BaseModel):
    """A board's voters, the surest sign first. `left_out`: voters with weaker signs that are not listed."""

    items: list[VoterItem]
    left_out: int


class LogItem(BaseModel):
    """One decision. `digest` is over the other fields, `previous` the digest before it; `data` is JSON as text."""

    number: int
    previous: str
    at: str
    action: str
    board: str
    subject: str
    actor: str
    reason: str
    data: str
    digest: str


class LogPage(BaseModel):
    """A page of decisions on this board and on all boards, oldest first."""

    items: list[LogItem]
    next: str | None


class ChainItem(BaseModel):
    """Whether the whole log, over all boards, holds: `broken` is the first number that does not follow."""

    entries: int
    head: str
    broken: int | None


class CheckItem(BaseModel):
    """Votes of the last day by the state of a check; `unchecked` is a fault of the server."""

    kind: str
    passed: int
    failed: int
    unchecked: int


class Health(BaseModel):
    """How the checks and the log of decisions do."""

    checks: list[CheckItem]
    log: ChainItem


class NewDecision(BaseModel):
    """Whether a voter's votes are left out, of this board or of all boards, and why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    voter: str = Field(min_length=1, max_length=80)
    quarantined: bool
    reason: str = Field(min_length=1, max_length=500)
    everywhere: bool = False


class DecisionItem(BaseModel):
    """A stored decision."""

    id: int
    voter: str
    quarantined: bool
    reason: str
    everywhere: bool
    created_at: datetime


def _board(request: SignedRequest, slug: str) -> Board:
    if not request.auth.has_perm(RIGHT):
        raise AuthorizationError(message=f"Only a person with the permission {RIGHT} may do this.")
    return find_board(slug)


@router.get(
    "/boards/{slug:slug}/moderation/voters", response={200: VoterList, **responses(401, 403, 404, 422)}, auth=Bearer()
)
def list_voters(request: SignedRequest, slug: str) -> Any:
    """The board's voters with their evidence. For moderators."""
    board = _board(request, slug)
    found = read.lines(board)
    held = quarantined(board)
    items = [VoterItem(voter=line["voter"], quarantined=line["voter"] in held, evidence=line) for line in found.lines]
    return VoterList(items=items, left_out=found.left_out)


@router.get(
    "/boards/{slug:slug}/moderation/decisions",
    response={200: LogPage, **responses(400, 401, 403, 404, 422)},
    openapi_extra={"responses": LINK},
    auth=Bearer(),
)
def list_decisions(request: SignedRequest, slug: str, response: HttpResponse, page: Query[PageQuery]) -> Any:
    """The log of decisions on this board and on all boards. For moderators."""
    rows, following = take(request, response, read_log.entries_of(_board(request, slug)), page)
    items = [LogItem(**{name: getattr(row, name) for name in LogItem.model_fields}) for row in rows]
    return LogPage(items=items, next=following)


@router.get(
    "/boards/{slug:slug}/moderation/health", response={200: Health, **responses(401, 403, 404, 422)}, auth=Bearer()
)
def moderation_health(request: SignedRequest, slug: str) -> Any:
    """Counts to raise an alarm on: checks that could not be made, a log that does not hold. For moderators."""
    checks = [CheckItem(**vars(state)) for state in read.check_states(_board(request, slug))]
    return Health(checks=checks, log=ChainItem(**vars(read_log.check())))


@router.post(
    "/boards/{slug:slug}/moderation/decisions",
    response={201: DecisionItem, **responses(400, 401, 403, 404, 413, 422, 429)},
    **writing,
)
def decide_on_voter(request: SignedRequest, slug: str, new: NewDecision) -> Any:
    """Quarantine a voter or lift it, with a reason; the board is worked out anew. For moderators."""
    board, fields = _board(request, slug), new.model_dump()
    if faults := list(unstorable(fields)):
        raise InvalidInput(*faults)
    made = moderation.decide(board=board, user=request.auth, **fields)
    item = {name: getattr(made, name) for name in ("voter", "quarantined", "reason", "created_at")}
    return Status(201, DecisionItem(id=made.pk, everywhere=made.board_id is None, **item))
