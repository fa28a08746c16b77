"""Trials of a judge on stored pairs, for staff: ask for one, read what came of it, give the judge to the board."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from ninja.errors import AuthorizationError
from pydantic import BaseModel, ConfigDict, Field

from leaderboard.api.auth import Bearer, SignedRequest
from leaderboard.api.problems import responses
from leaderboard.api.submissions import unstorable, writing
from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.values import VerdictState
from leaderboard.models import Job, JudgeTrial
from leaderboard.services import trials

router = Router(tags=["judges"])


class NewTrial(BaseModel):
    """Which judge to try on which board. `params` are settings of the judge; see `/plugins`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    board: str = Field(max_length=80)
    judge: str = Field(max_length=60)
    params: dict[str, Any] = {}


class MessageItem(BaseModel):
    """One message that was sent to the judge's model."""

    role: Literal["system", "user", "assistant"]
    content: str


class TrialRow(BaseModel):
    """One pair: what was sent, what came back, what was read from it. `swapped` shows side b first."""

    prompt: str
    a: str
    b: str
    swapped: bool
    messages: list[MessageItem]
    raw: str
    state: VerdictState
    credit_a: float | None
    evidence: dict[str, Any]
    prompt_tokens: int
    output_tokens: int
    seconds: float | None
    cost_usd: float | None


class TrialItem(BaseModel):
    """A trial. `rows` are null until a worker has made it; `error` is what last went wrong meanwhile."""

    id: UUID
    state: Literal["ready", "running", "done", "failed", "cancelled"]
    error: str
    board: str | None = None
    judge: str | None = None
    params: dict[str, Any] | None = None
    created_at: datetime | None = None
    rows: list[TrialRow] | None = None


class NewName(BaseModel):
    """What the judge is called; empty for the plugin's own name."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field("", max_length=60)


class AddedJudge(BaseModel):
    """The judge that the board counts from now on, and how many verdicts of it are asked for."""

    judge: str
    verdicts: int


@router.post("/judge-trials", response={202: TrialItem, **responses(400, 401, 403, 413, 422, 429)}, **writing)
def try_judge(request: SignedRequest, new: NewTrial) -> Any:
    """Have a worker try a judge on five stored pairs of a board. Nothing of it counts. For staff."""
    fields = new.model_dump()
    if faults := list(unstorable(fields)):
        raise InvalidInput(*faults)
    try:
        made = trials.ask(board=new.board, plugin=new.judge, params=new.params, user=request.auth)
    except PermissionError as problem:
        raise AuthorizationError(message=str(problem)) from None
    return Status(202, TrialItem(id=made, state="ready", error=""))


@router.get("/judge-trials/{trial}", response={200: TrialItem, **responses(401, 403, 404, 422)}, auth=Bearer())
def read_trial(request: SignedRequest, trial: UUID) -> Any:
    """What came of a trial, or how far it is. For staff."""
    _staff(request)
    found = JudgeTrial.objects.select_related("board").filter(pk=trial).first()
    if found is not None:
        parts = {"board": found.board.slug, "judge": found.plugin, "params": found.params, "rows": found.rows}
        return TrialItem(id=trial, state="done", error="", created_at=found.created_at, **parts)
    job = Job.objects.filter(key=trials.key_of(trial)).first()
    if job is None:
        raise Http404
    return TrialItem(id=trial, state=job.state, error=job.error)


@router.post(
    "/judge-trials/{trial}/add", response={200: AddedJudge, **responses(400, 401, 403, 404, 413, 422, 429)}, **writing
)
def add_tried_judge(request: SignedRequest, trial: UUID, new: NewName) -> Any:
    """Let the board of a trial count its judge, and ask for its verdicts on all pairs that are there. For staff."""
    _staff(request)
    found = get_object_or_404(JudgeTrial.objects.select_related("board__parent"), pk=trial)
    judge, count = trials.add_to_board(board=found.board, plugin=found.plugin, params=found.params, name=new.name)
    return AddedJudge(judge=judge.name, verdicts=count)


def _staff(request: SignedRequest) -> None:
    if not request.auth.is_staff:
        raise AuthorizationError(message=trials.STAFF_ONLY)
