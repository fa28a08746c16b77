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

from leaderboard.api.problems import FieldProblem, problem, responses
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
    category: str
    categories: list[str]
    snapshot: str | None
    snapshot_at: datetime | None
    items: list[Row]


class SnapshotDetails(BaseModel):
    """How a board's numbers were made, and what stands behind them; entries are named by slug.

    `methods`: version, parameters and notes of each, or the `reason` why it gave nothing. `style`: effects in
    logits. `neighbours`: what separates each entry from the next. `ask_next`: comparisons that would tell
    most. `fragility`: the fewest judgments without which another entry leads. `flags`: with their evidence.
    """

    board: str
    snapshot: str | None
    snapshot_at: datetime | None
    rater: str = ""
    version: str = ""
    notes: list[str] = []
    counts: dict[str, int] = {}
    methods: dict[str, dict[str, Any]] = {}
    categories: list[dict[str, Any]] = []
    style: list[dict[str, Any]] = []
    length: dict[str, Any] = {}
    pairs: dict[str, list[Any]] = {}
    neighbours: list[dict[str, Any]] = []
    ask_next: list[dict[str, Any]] = []
    fragility: dict[str, Any] | None = None
    flags: list[dict[str, Any]] = []
    voters: dict[str, int] = {}


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
        entries=sizes.get(board.entries_of, 0),
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
    request: HttpRequest,
    slug: str,
    response: HttpResponse,
    format: Literal["json", "csv"] = "json",
    category: str = "",
) -> Any:
    """The current standings, over one category of prompts where it is named.

    Send the ETag back in If-None-Match and get 304 while nothing has changed.
    In CSV, an apostrophe goes before text that a spreadsheet would run as a formula.
    """
    board = find_board(slug)
    etag = f'"{board.current.digest}"' if board.current else ""
    if etag and is_known(request, etag):
        return HttpResponse(status=304, headers={"ETag": etag})
    known = _categories(board)
    if category and category not in known:
        told = f"The board has no category '{category[:80]}'. Categories: {', '.join(known) or 'none'}."
        return problem(422, told, [FieldProblem(parameter="category", detail=told)])
    answer = _csv(board, category) if format == "csv" else response
    if etag:
        answer["ETag"] = etag
    return answer if format == "csv" else _json(board, category, known)


@router.get(
    "/boards/{slug:slug}/details",
    response={200: SnapshotDetails, 304: None, **responses(404)},
    openapi_extra={**_EXTRA, "responses": {200: {"headers": _ETAG}, 304: {"headers": _ETAG}}},
)
def get_details(request: HttpRequest, slug: str, response: HttpResponse) -> Any:
    """How the current standings were made, what separates neighbours, flags, and the table of pairs."""
    board = find_board(slug)
    made = board.current
    etag = f'"{made.digest}"' if made else ""
    if etag and is_known(request, etag):
        return HttpResponse(status=304, headers={"ETag": etag})
    if etag:
        response["ETag"] = etag
    told = {name: value for name, value in (made.details if made else {}).items() if name in _DETAILS}
    digest, at = (made.digest, made.created_at) if made else (None, None)
    return SnapshotDetails(board=board.slug, snapshot=digest, snapshot_at=at, **told)


_DETAILS = set(SnapshotDetails.model_fields) - {"board", "snapshot", "snapshot_at"}


def _categories(board: Board) -> list[str]:
    return [one["name"] for one in board.current.details.get("categories", [])] if board.current else []


def is_known(request: HttpRequest, etag: str) -> bool:
    """Whether the client has this state already, by If-None-Match."""
    given = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in given or etag in [one.removeprefix("W/") for one in given]


def _json(board: Board, category: str, known: list[str]) -> Standings:
    made = board.current
    return Standings(
        board=board.slug,
        category=category,
        categories=known,
        snapshot=made.digest if made else None,
        snapshot_at=made.created_at if made else None,
        items=rows_of(made, category),
    )


def _csv(board: Board, category: str) -> HttpResponse:
    text = io.StringIO(newline="")
    write_csv(rows_of(board.current, category), text)
    headers = {"Content-Disposition": f'inline; filename="{board.slug}.csv"'}
    return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)
