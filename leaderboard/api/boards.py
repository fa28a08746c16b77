"""Boards and their standings."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any, Literal

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import parse_etags
from ninja import Router
from pydantic import BaseModel

from leaderboard.api.problems import responses
from leaderboard.api.standings import Row, rows_of, write_csv
from leaderboard.models import Board
from leaderboard.queries.boards import all_boards

router = Router(tags=["boards"])


class BenchmarkItem(BaseModel):
    """A frozen set of prompts; `digest` is over its data."""

    name: str
    version: str
    digest: str


class JudgeItem(BaseModel):
    """A configured judge; `fingerprint` is over plugin, version and settings."""

    name: str
    plugin: str
    version: str
    fingerprint: str


class BoardItem(BaseModel):
    """What is ranked and how. `snapshot` is null until the first result."""

    slug: str
    title: str
    description: str
    benchmark: BenchmarkItem
    judges: list[JudgeItem]
    metric: str | None
    baseline: str | None
    parent: str | None
    pairing: str
    rater: str
    counts_votes: bool
    open_to_votes: bool
    open_to_submissions: bool
    entries: int
    snapshot: str | None
    snapshot_at: datetime | None
    created_at: datetime


class BoardList(BaseModel):
    """Every board."""

    items: list[BoardItem]


class Standings(BaseModel):
    """The rows of one immutable snapshot, best first."""

    board: str
    snapshot: str | None
    snapshot_at: datetime | None
    items: list[Row]


def _sizes() -> dict[int, int]:
    return dict(Board.objects.order_by().annotate(size=Count("entries")).values_list("pk", "size"))


def _item(board: Board, sizes: dict[int, int]) -> BoardItem:
    data = board.benchmark
    plain = {name: getattr(board, name) for name in BoardItem.model_fields if name in _PLAIN}
    return BoardItem(
        **plain,
        benchmark=BenchmarkItem(name=data.name, version=data.version, digest=data.digest),
        judges=[
            JudgeItem(name=j.name, plugin=j.plugin, version=j.version, fingerprint=j.fingerprint)
            for j in board.judges.all()
        ],
        metric=board.metric.name if board.metric else None,
        baseline=board.baseline.slug if board.baseline else None,
        parent=board.parent.slug if board.parent else None,
        entries=sizes.get(board.parent_id or board.pk, 0),
        snapshot=board.current.digest if board.current else None,
        snapshot_at=board.current.created_at if board.current else None,
    )


_PLAIN = {
    *("slug", "title", "description", "pairing", "rater", "created_at"),
    *("counts_votes", "open_to_votes", "open_to_submissions"),
}


@router.get("/boards", response=BoardList)
def list_boards(request: HttpRequest) -> Any:
    """Every board, oldest first."""
    sizes = _sizes()
    return BoardList(items=[_item(board, sizes) for board in all_boards().prefetch_related("judges")])


@router.get("/boards/{slug:slug}", response={200: BoardItem, **responses(404)})
def get_board(request: HttpRequest, slug: str) -> Any:
    """One board."""
    return _item(find_board(slug), _sizes())


def find_board(slug: str) -> Board:
    """The board. Raises Http404."""
    return get_object_or_404(all_boards(), slug=slug)


_ETAG = {"ETag": {"description": "The snapshot's digest.", "schema": {"type": "string"}}}
_EXTRA: dict[str, Any] = {
    "parameters": [{"in": "header", "name": "If-None-Match", "schema": {"type": "string"}, "required": False}],
    "responses": {
        200: {"headers": _ETAG, "content": {"text/csv": {"schema": {"type": "string"}}}},
        304: {"headers": _ETAG},
    },
}


@router.get(
    "/boards/{slug:slug}/standings",
    response={200: Standings, 304: None, **responses(404, 422)},
    openapi_extra=_EXTRA,
)
def get_standings(
    request: HttpRequest, slug: str, response: HttpResponse, format: Literal["json", "csv"] = "json"
) -> Any:
    """The current standings; send the ETag back in If-None-Match and get 304 while nothing has changed.

    In CSV, an apostrophe goes before text that a spreadsheet would run as a formula.
    """
    board = find_board(slug)
    etag = f'"{board.current.digest}"' if board.current else ""
    if etag and _is_known(request, etag):
        return HttpResponse(status=304, headers={"ETag": etag})
    answer = _csv(board) if format == "csv" else response
    if etag:
        answer["ETag"] = etag
    return answer if format == "csv" else _json(board)


def _is_known(request: HttpRequest, etag: str) -> bool:
    given = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in given or etag in [one.removeprefix("W/") for one in given]


def _json(board: Board) -> Standings:
    made = board.current
    return Standings(
        board=board.slug,
        snapshot=made.digest if made else None,
        snapshot_at=made.created_at if made else None,
        items=rows_of(made),
    )


def _csv(board: Board) -> HttpResponse:
    text = io.StringIO(newline="")
    write_csv(rows_of(board.current), text)
    headers = {"Content-Disposition": f'inline; filename="{board.slug}.csv"'}
    return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)
