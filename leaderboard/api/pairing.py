"""How the pairs that people vote on are drawn."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router
from pydantic import BaseModel

from leaderboard.api.boards import find_board
from leaderboard.api.problems import responses
from leaderboard.queries.pairing import published

router = Router(tags=["boards"])


class EntryShare(BaseModel):
    """The part of all pairs drawn that an entry is in; the parts of all entries sum to 2."""

    entry: str
    share: float


class PairChance(BaseModel):
    """The chance with which a pair of entries is drawn, sides left to a coin; those of all pairs sum to 1."""

    first: str
    second: str
    chance: float


class CategoryChance(BaseModel):
    """The chance with which a prompt's category is drawn."""

    category: str
    chance: float


class Pairing(BaseModel):
    """The plan in use, made at the last refresh from the votes until then.

    `rule`: its settings. `note`: what to know of them, empty for nothing. `snapshot`: digest of the snapshot whose
    ratings it rests on. `least_shown` and `most_shown`: how often a prompt was shown so far. `pairs` only where asked
    for.
    """

    board: str
    rule: dict[str, Any]
    note: str
    snapshot: str
    made_at: datetime
    votes: int
    prompts: int
    least_shown: int
    most_shown: int
    categories: list[CategoryChance]
    entries: list[EntryShare]
    pairs: list[PairChance] | None


@router.get("/boards/{slug:slug}/pairing", response={200: Pairing, **responses(404)})
def get_pairing(request: HttpRequest, slug: str, pairs: bool = False) -> Any:
    """The rule by which pairs are drawn, and each entry's share; `pairs=true` adds the chance of every pair."""
    board = find_board(slug)
    found = published(board)
    if found is None:
        raise Http404("This board draws no pairs to vote on.")
    told = [PairChance(first=a, second=b, chance=chance) for a, b, chance in found.pairs] if pairs else None
    return Pairing(
        board=board.slug,
        rule=found.rule,
        note=found.note,
        snapshot=found.snapshot,
        made_at=found.made_at,
        votes=found.votes,
        prompts=found.prompts,
        least_shown=found.shown[0],
        most_shown=found.shown[1],
        categories=[CategoryChance(category=name, chance=chance) for name, chance in found.categories],
        entries=[EntryShare(entry=one.slug, share=one.share) for one in found.entries],
        pairs=told,
    )
