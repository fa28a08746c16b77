"""What the judges of a board said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from leaderboard.api.boards import find_board
from leaderboard.api.paging import LINK, PageQuery, take
from leaderboard.api.problems import responses
from leaderboard.contracts.values import CREDIT, Outcome, VerdictState
from leaderboard.models import Board, Comparison, Judgment, Vote
from leaderboard.queries import human
from leaderboard.queries.compare import judges_of
from leaderboard.queries.human import HUMAN

router = Router(tags=["boards"])


class JudgmentItem(BaseModel):
    """One verdict. `credit_a` is 1 where a won, 0 where b won, null when unscored; `swapped` showed b first."""

    id: int
    judge: str
    prompt: str
    entry_a: str
    entry_b: str
    output_a: int
    output_b: int
    swapped: bool
    repeat: int
    state: str
    credit_a: float | None
    raw: str
    evidence: dict[str, Any]
    prompt_tokens: int
    output_tokens: int
    seconds: float | None
    cost_usd: float | None
    created_at: datetime


class JudgmentPage(BaseModel):
    """A page of verdicts."""

    items: list[JudgmentItem]
    next: str | None


class JudgmentQuery(PageQuery):
    """Of which judge, and which page."""

    judge: str = Field(default="", max_length=80, description="A judge's name, or human for people; empty for judges.")


def _item(row: Judgment) -> JudgmentItem:
    given = {"judge": row.judge.name, **_pair(row.comparison)}
    plain: dict[str, Any] = {name: getattr(row, name) for name in JudgmentItem.model_fields if name not in given}
    return JudgmentItem(**plain, **given)


def _vote(row: Vote) -> JudgmentItem:
    """A vote as a verdict; it shows what every export of the board shows, less the voter's pseudonym."""
    return JudgmentItem(
        id=row.pk,
        judge=HUMAN,
        **_pair(row.comparison),
        swapped=row.ballot.swapped,
        repeat=0,
        state=VerdictState.SCORED,
        credit_a=CREDIT[Outcome(row.outcome)],
        raw=row.outcome,
        evidence={},
        prompt_tokens=0,
        output_tokens=0,
        seconds=row.seconds_shown,
        cost_usd=None,
        created_at=row.created_at,
    )


def _pair(pair: Comparison) -> dict[str, Any]:
    return {
        "prompt": pair.prompt.key,
        "entry_a": pair.entry_a.slug,
        "entry_b": pair.entry_b.slug,
        "output_a": pair.a_id,
        "output_b": pair.b_id,
    }


def _judgments(board: Board) -> QuerySet[Judgment]:
    ranked = board.ranked_entries().values("pk")
    found = Judgment.objects.filter(
        judge__in=judges_of(board),
        comparison__prompt__benchmark=board.benchmark_id,
        comparison__entry_a__in=ranked,
        comparison__entry_b__in=ranked,
    )
    return found.select_related("judge", "comparison__prompt", "comparison__entry_a", "comparison__entry_b")


@router.get(
    "/boards/{slug:slug}/judgments",
    response={200: JudgmentPage, **responses(400, 404, 422)},
    openapi_extra={"responses": LINK},
)
def list_judgments(request: HttpRequest, slug: str, response: HttpResponse, page: Query[JudgmentQuery]) -> Any:
    """Verdicts between entries of this board, unscored ones too, in the order they were stored.

    The judge `human` is people: each vote that the board counts, with its outcome as `raw` and nobody's name. Where
    `judge` is left out, judges alone are listed.
    """
    board = find_board(slug)
    found = _judgments(board)
    if page.judge:
        found = found.filter(judge__name=page.judge)
    if page.judge == HUMAN and not found.exists():
        rows, following = take(request, response, human.votes(board), page)
        return JudgmentPage(items=[_vote(row) for row in rows], next=following)
    rows, following = take(request, response, found, page)
    return JudgmentPage(items=[_item(row) for row in rows], next=following)
