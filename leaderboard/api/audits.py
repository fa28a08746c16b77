"""Judges and their audits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel

from leaderboard.api.boards import is_known
from leaderboard.api.problems import responses
from leaderboard.models import Judge, JudgeAudit
from leaderboard.queries import audits as read
from leaderboard.queries.human import HUMAN, agreements

router = Router(tags=["judges"])


class AuditItem(BaseModel):
    """The latest audit on one board, or over all where `board` is null; `digest` is over what it rests on."""

    board: str | None
    digest: str
    created_at: datetime


class JudgeRow(BaseModel):
    """A configured judge; `fingerprint` is over plugin, version and settings."""

    name: str
    plugin: str
    version: str
    fingerprint: str
    both_orders: bool
    audits: list[AuditItem]


class JudgeList(BaseModel):
    """Every judge by name."""

    items: list[JudgeRow]


class JudgeAuditDetails(AuditItem):
    """One audit. Shares are of 1; an estimate has `value`, `se`, `low` and `high`, each null where it is not known.

    `people` in `details`: agreement with people and of people, `worth` in votes, `calibration`, ratings; null where
    nobody voted. `truth`: against exact references. `balanced`, `single`, `orders`, `repeats`: order of the answers.
    `drift`: each round of canaries. `matrix`: agreement with other judges. `boards`: the parts of an audit over all
    boards, each with the digest of its own audit.
    """

    judge: str
    details: dict[str, Any]


_ETAG = {"ETag": {"description": "Of the audit's digest.", "schema": {"type": "string"}}}
_EXTRA: dict[str, Any] = {
    "parameters": [{"in": "header", "name": "If-None-Match", "schema": {"type": "string"}, "required": False}],
    "responses": {200: {"headers": _ETAG}, 304: {"headers": _ETAG}},
}


@router.get("/judges", response=JudgeList)
def list_judges(request: HttpRequest) -> Any:
    """Every judge, with its latest audit on each board."""
    by_judge: dict[int, list[JudgeAudit]] = {}
    for audit in read.latest():
        by_judge.setdefault(audit.judge_id, []).append(audit)
    return JudgeList(items=[_judge(judge, by_judge.get(judge.pk, [])) for judge in read.all_judges()])


@router.get(
    "/judges/{path:name}/audit", response={200: JudgeAuditDetails, 304: None, **responses(404)}, openapi_extra=_EXTRA
)
def get_judge_audit(request: HttpRequest, name: str, response: HttpResponse, board: str = "") -> Any:
    """The judge's latest audit on the board named, else over all boards, or on its one. Its ETag is the digest."""
    judge = read.judge_named(name)
    if judge is None and name == HUMAN:
        return _human(request, response, board)
    if judge is None:
        raise Http404("There is no judge of this name.")
    audits = [a for a in read.of_judge(judge) if not board or (a.board and a.board.slug == board)]
    found = read.usual(audits)
    if found is None:
        raise Http404("There is no such audit of this judge yet. It is made once its board is idle.")
    etag = f'"{found.digest}"'
    if is_known(request, etag):
        return HttpResponse(status=304, headers={"ETag": etag})
    response["ETag"] = etag
    return JudgeAuditDetails(judge=judge.name, details=found.details, **_head(found).model_dump())


def _human(request: HttpRequest, response: HttpResponse, board: str) -> Any:
    """People on the board named, else on the one that comes first."""
    found = next((one for one in agreements() if not board or one.board.slug == board), None)
    if found is None:
        raise Http404("No audit has met people here yet. One is made once a judged board with votes is idle.")
    etag = f'"{found.digest}"'
    if is_known(request, etag):
        return HttpResponse(status=304, headers={"ETag": etag})
    response["ETag"] = etag
    own = {"board": found.board.slug, "digest": found.digest, "created_at": found.created_at}
    return JudgeAuditDetails(judge=HUMAN, details=found.details, **own)


def _judge(judge: Judge, audits: list[JudgeAudit]) -> JudgeRow:
    names = ("name", "plugin", "version", "fingerprint", "both_orders")
    own = {name: getattr(judge, name) for name in names}
    return JudgeRow(**own, audits=[_head(audit) for audit in audits])


def _head(audit: JudgeAudit) -> AuditItem:
    board = audit.board.slug if audit.board else None
    return AuditItem(board=board, digest=audit.digest, created_at=audit.created_at)
