"""Entries and their outputs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router
from pydantic import BaseModel

from leaderboard.api.paging import LINK, PageQuery, take
from leaderboard.api.problems import responses
from leaderboard.contracts.values import Role
from leaderboard.models import Entry, Output, Score
from leaderboard.queries.entries import all_entries, places
from leaderboard.queries.turns import Talks

router = Router(tags=["entries"])


class ModelItem(BaseModel):
    """Weights or endpoint at a pinned revision."""

    name: str
    source: str
    revision: str
    generator: str


class DecodingItem(BaseModel):
    """A decoding strategy with its settings."""

    label: str
    strategy: str
    version: str
    params: dict[str, Any]
    samples: bool


class EntryItem(BaseModel):
    """Language model, decoding and prompt template together."""

    slug: str
    model: ModelItem
    decoding: DecodingItem
    system: str
    fingerprint: str
    created_at: datetime


class PlaceItem(BaseModel):
    """Where an entry stands on one board."""

    board: str
    rank_low: int | None
    rank_high: int | None
    rating: float | None
    win_rate: float | None
    score: float | None


class EntryDetail(EntryItem):
    """An entry and its places."""

    boards: list[PlaceItem]


class EntryPage(BaseModel):
    """A page of entries."""

    items: list[EntryItem]
    next: str | None


class ScoreItem(BaseModel):
    """A metric's value; null when unscored, and `reason` says why."""

    metric: str
    value: float | None
    reason: str
    extracted: str


class TurnItem(BaseModel):
    """One message of a conversation."""

    role: Role
    content: str


class OutputItem(BaseModel):
    """One text by an entry for a prompt and sample, with what made it. `earlier`: the turns before the prompt, with the
    entry's own answers where it went on from them.
    """

    id: int
    benchmark: str
    prompt: str
    earlier: list[TurnItem]
    sample: int
    seed: int | None
    text: str
    finish_reason: str
    prompt_tokens: int | None
    output_tokens: int | None
    seconds: float | None
    logprob: float | None
    prompt_truncated: bool
    cost_usd: float | None
    provenance: dict[str, Any]
    scores: list[ScoreItem]
    created_at: datetime


class OutputPage(BaseModel):
    """A page of outputs."""

    items: list[OutputItem]
    next: str | None


def _parts(entry: Entry) -> dict[str, Any]:
    model, decoding = entry.model, entry.decoding
    return {
        "slug": entry.slug,
        "model": ModelItem(name=model.name, source=model.source, revision=model.revision, generator=model.generator),
        "decoding": DecodingItem(**{name: getattr(decoding, name) for name in DecodingItem.model_fields}),
        "system": entry.template.system,
        "fingerprint": entry.fingerprint,
        "created_at": entry.created_at,
    }


def _output(output: Output, talks: Talks) -> OutputItem:
    turns = talks.before(output.prompt, output.entry_id, output.sample)
    given: dict[str, Any] = {
        "earlier": [TurnItem(role=turn.role, content=turn.content) for turn in turns],
        "benchmark": str(output.prompt.benchmark),
        "prompt": output.prompt.key,
        "scores": _scores(output),
    }
    plain: dict[str, Any] = {name: getattr(output, name) for name in OutputItem.model_fields if name not in given}
    return OutputItem(**plain, **given)


def _scores(output: Output) -> list[ScoreItem]:
    return [
        ScoreItem(metric=score.metric.name, value=score.value, reason=score.reason, extracted=score.extracted)
        for score in output.scores.all()
    ]


@router.get("/entries", response={200: EntryPage, **responses(400, 422)}, openapi_extra={"responses": LINK})
def list_entries(request: HttpRequest, response: HttpResponse, page: Query[PageQuery]) -> Any:
    """Entries, oldest first."""
    rows, following = take(request, response, all_entries(), page)
    return EntryPage(items=[EntryItem(**_parts(entry)) for entry in rows], next=following)


@router.get("/entries/{slug:slug}", response={200: EntryDetail, **responses(404)})
def get_entry(request: HttpRequest, slug: str) -> Any:
    """One entry, and where it stands."""
    entry = get_object_or_404(all_entries(), slug=slug)
    names = [name for name in PlaceItem.model_fields if name != "board"]
    found = [
        PlaceItem(board=place.board.slug, **{name: getattr(place.standing, name) for name in names})
        for place in places(entry)
    ]
    return EntryDetail(**_parts(entry), boards=found)


@router.get(
    "/entries/{slug:slug}/outputs",
    response={200: OutputPage, **responses(400, 404, 422)},
    openapi_extra={"responses": LINK},
)
def list_outputs(request: HttpRequest, slug: str, response: HttpResponse, page: Query[PageQuery]) -> Any:
    """What an entry wrote, in the order it was stored."""
    entry = get_object_or_404(Entry, slug=slug)
    scores = Prefetch("scores", Score.objects.select_related("metric").order_by("pk"))
    found = Output.objects.filter(entry=entry).select_related("prompt__benchmark").prefetch_related(scores)
    rows, following = take(request, response, found, page)
    talks = Talks.of_outputs(rows)
    return OutputPage(items=[_output(row, talks) for row in rows], next=following)
