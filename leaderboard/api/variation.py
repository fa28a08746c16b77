"""The non-determinism reports of a board: how each model's score varies with its decoding."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel

from leaderboard.api.boards import find_board, is_known
from leaderboard.api.problems import responses
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.models import VariationReport
from leaderboard.queries import variation as read

router = Router(tags=["boards"])


class ReportItem(BaseModel):
    """The latest report of one model; `digest` is over the scores that it rests on."""

    model: str
    model_id: int
    digest: str
    created_at: datetime


class ReportList(BaseModel):
    """One report a model, by the model's name."""

    board: str
    items: list[ReportItem]


class ReportDetails(ReportItem):
    """One report. Scores are shares of 1; an estimate has `value`, `se`, `low` and `high`, or null.

    `entries` in `details`: one row a configuration, with its `runs` and `seeds`, its `gap` from greedy decoding,
    `consistency` over prompts, variance `split`, that of each judge in `judged`, `lengths`, `shares` of outputs
    that are truncated, empty or repeated, `diversity`, and `best_of` curves; `oracle` is an upper bound, never a
    method, and is pass@k where `right_wrong` is true. `tradeoffs`: quality, diversity and `eda` of each, and
    whether it is on the frontier. `flips`: pairs of models under the greedy and the sampled ranking.
    """

    board: str
    details: dict[str, Any]


_ETAG = {"ETag": {"description": "Of the reports' digests.", "schema": {"type": "string"}}}
_EXTRA: dict[str, Any] = {
    "parameters": [{"in": "header", "name": "If-None-Match", "schema": {"type": "string"}, "required": False}],
    "responses": {200: {"headers": _ETAG}, 304: {"headers": _ETAG}},
}


@router.get(
    "/boards/{slug:slug}/variation",
    response={200: ReportList, 304: None, **responses(404)},
    openapi_extra=_EXTRA,
)
def list_variation(request: HttpRequest, slug: str, response: HttpResponse) -> Any:
    """The latest non-determinism report of each model that has one on this board."""
    found = read.latest(find_board(slug))
    etag = f'"{fingerprint("variation-list", [[report.model_id, report.digest] for report in found])}"'
    if is_known(request, etag):
        return HttpResponse(status=304, headers={"ETag": etag})
    response["ETag"] = etag
    return ReportList(board=slug, items=[ReportItem(**_head(report)) for report in found])


@router.get(
    "/boards/{slug:slug}/variation/{int:model_id}",
    response={200: ReportDetails, 304: None, **responses(404)},
    openapi_extra=_EXTRA,
)
def get_variation(request: HttpRequest, slug: str, model_id: int, response: HttpResponse) -> Any:
    """The latest non-determinism report of one model on this board. Its ETag is the digest."""
    found = read.of_model(find_board(slug), model_id)
    if found is None:
        raise Http404(f"This board has no report of a model {model_id}.")
    etag = f'"{found.digest}"'
    if is_known(request, etag):
        return HttpResponse(status=304, headers={"ETag": etag})
    response["ETag"] = etag
    return ReportDetails(board=slug, details=found.details, **_head(found))


def _head(report: VariationReport) -> dict[str, Any]:
    return {
        "model": report.model.name,
        "model_id": report.model_id,
        "digest": report.digest,
        "created_at": report.created_at,
    }
