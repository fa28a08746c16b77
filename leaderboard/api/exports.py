"""A board's facts as files: judgments, battles, answers, preference pairs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from leaderboard.api.boards import find_board, is_known
from leaderboard.api.problems import FieldProblem, problem, responses
from leaderboard.benchmarks.exchange.formats import FORMATS
from leaderboard.contracts.params import InvalidInput
from leaderboard.queries.exports import BoardSource

router = Router(tags=["boards"])

FormatName = Literal[
    "jsonl",
    "csv",
    "parquet",
    "battles",
    "battles-jsonl",
    "battles-csv",
    "battles-parquet",
    "alpaca-eval",
    "arena-hard",
    "fastchat",
    "preferences",
    "preferences-parquet",
]


class ExportQuery(BaseModel):
    """Which file. `verdicts`: all, or people's alone. `min_margin`, for preferences: the least margin of a pair."""

    format: FormatName
    verdicts: Literal["all", "people"] = "all"
    min_margin: float = Field(0.0, ge=0.0, le=1.0, allow_inf_nan=False)


_ETAG = {"ETag": {"description": "Changes with the facts exported.", "schema": {"type": "string"}}}
_EXTRA: dict[str, Any] = {
    "parameters": [{"in": "header", "name": "If-None-Match", "schema": {"type": "string"}, "required": False}],
    "responses": {
        200: {
            "description": "The file.",
            "headers": _ETAG,
            "content": {
                media: {"schema": {} if media == "application/json" else {"type": "string", "format": "binary"}}
                for media in sorted({form.media for form in FORMATS.values()})
            },
        },
        304: {"headers": _ETAG},
    },
}


@router.get("/boards/{slug:slug}/export", response={200: Any, 304: None, **responses(404, 422)}, openapi_extra=_EXTRA)
def export_board(request: HttpRequest, slug: str, query: Query[ExportQuery]) -> Any:
    """The board's judgments in one of the formats that `manage.py export` writes, streamed; folders come as a zip.

    Who voted is told by a pseudonym that holds within the board. Send the ETag back in If-None-Match and get 304
    while nothing has changed.
    """
    people = query.verdicts == "people"
    source, form = BoardSource(find_board(slug), private=True, people=people), FORMATS[query.format]
    etag = f'"{source.etag(form.name, str(query.min_margin), query.verdicts)}"'
    if is_known(request, etag):
        return HttpResponse(status=304, headers={"ETag": etag})
    try:
        parts = form.parts(source, min_margin=query.min_margin)
    except InvalidInput as refused:
        told = refused.errors[0].message
        return problem(422, told, [FieldProblem(parameter="format", detail=told)])
    name = f"{slug}{'-votes' if people else ''}-{form.name}.{form.suffix}"
    headers = {"ETag": etag, "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(_begun(parts), content_type=form.media, headers=headers)


def _begun(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The parts without empty ones, which would end a chunked body."""
    return (part for part in parts if part)
