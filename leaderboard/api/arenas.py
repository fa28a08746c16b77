"""Arenas over the API: make one, pause it, invite voters; and how people rate beside judges."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from ninja import Router, Status
from ninja.errors import AuthorizationError
from pydantic import BaseModel, ConfigDict, Field

from leaderboard.api.auth import SignedRequest
from leaderboard.api.boards import find_board, is_known
from leaderboard.api.problems import responses
from leaderboard.api.submissions import unstorable, writing
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.params import InvalidInput, parse_params
from leaderboard.models import Board, Invite, User
from leaderboard.queries import arenas as read
from leaderboard.queries import people as read_people
from leaderboard.queries.integrity import rules_of
from leaderboard.services import arena_changes, arenas, invites, live_rules
from leaderboard.services.access import arena_of, policy_of
from leaderboard.services.rating import VALUE_OF

router = Router(tags=["arenas"])
_AUTH = (400, 401, 403, 404, 413, 422, 429)


class NewArena(BaseModel):
    """What an arena is made of. Lists that are empty mean all. `sampling`: settings of the drawing of pairs.

    `live`: settings of live battles, in which a voter's own prompt is answered by two entries; `on` allows them.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    slug: str = Field(max_length=60)
    title: str = Field(max_length=100)
    entries: list[str] = Field(default=[], max_length=10_000)
    categories: list[str] = Field(default=[], max_length=1000)
    share: float = 1.0
    access: str = Field(default="anyone", max_length=10)
    domains: list[str] = Field(default=[], max_length=100)
    providers: list[str] = Field(default=[], max_length=100)
    consent: str = Field(default="", max_length=arenas.MOST_CONSENT)
    invite_only: bool = False
    apart: bool = False
    sampling: dict[str, Any] = {}
    live: dict[str, Any] = {}


class ArenaItem(BaseModel):
    """An arena's policy. `retired`: entries that are drawn no more and keep their votes. `limits`: most votes of one
    account, session or network in a minute or day, 0 for no limit. `apart`: boards that count votes of named or of
    anonymous voters alone.

    `live`: settings of live battles. `live_board`: the board that rates their votes, null before there are any.
    """

    board: str
    parent: str | None
    access: str
    domains: list[str]
    providers: list[str]
    consent: str
    invite_only: bool
    paused: bool
    prompts: str
    sampling: dict[str, Any]
    retired: list[str]
    limits: dict[str, int]
    apart: list[str]
    live: dict[str, Any]
    live_board: str | None


class ChangedArena(BaseModel):
    """What changes; what is left out stays. `reason` stands in the log.

    `sampling` and `limits` name only what changes in them. `entries`: those shown from now on, by slug; ones that the
    arena does not have are added, and ones that are left out are drawn no more and keep their votes. `apart`: rate
    named and anonymous votes apart too; it stays.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    paused: bool | None = None
    consent: str | None = Field(default=None, max_length=arenas.MOST_CONSENT)
    access: str | None = Field(default=None, max_length=10)
    domains: list[str] | None = Field(default=None, max_length=100)
    providers: list[str] | None = Field(default=None, max_length=100)
    invite_only: bool | None = None
    sampling: dict[str, Any] | None = None
    entries: list[str] | None = Field(default=None, max_length=10_000)
    limits: dict[str, int] | None = None
    apart: Literal[True] | None = None
    reason: str = Field(default="", max_length=500)
    live: dict[str, Any] | None = None


class NewInvite(BaseModel):
    """Whom a link is for; days until it expires, and how many may use it, null for no end and any number."""

    model_config = ConfigDict(extra="forbid", strict=True)

    label: str = Field(max_length=80)
    days: int | None = None
    most: int | None = None


class InviteItem(BaseModel):
    """An invitation. `link` works while `fault` is empty."""

    id: int
    label: str
    link: str
    used: int
    most: int | None
    expires_at: datetime | None
    revoked_at: datetime | None
    fault: str


class InviteList(BaseModel):
    """Every invitation of a board, newest first."""

    items: list[InviteItem]


class Rated(BaseModel):
    """An entry's number on one board; `measure` says which: rating, win_rate or lc."""

    entry: str
    board: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    rank_low: int | None
    rank_high: int | None
    n: int


class PeopleBoard(BaseModel):
    """A board of the family; `voters`: whose votes it counts, "" where judges rate it."""

    slug: str
    title: str
    voters: str
    snapshot: str | None


class People(BaseModel):
    """People beside judges. `days`: date and votes; shares are of 1; `agreement` and `bad_…` as in the snapshot."""

    board: str
    boards: list[PeopleBoard]
    ratings: list[Rated]
    votes: int = 0
    days: list[tuple[str, int]] = []
    agreement: list[dict[str, Any]] = []
    bad_entries: list[dict[str, Any]] = []
    bad_prompts: list[dict[str, Any]] = []


@router.post("/boards/{slug:slug}/arenas", response={201: ArenaItem, **responses(*_AUTH)}, **writing)
def make_arena(request: SignedRequest, slug: str, new: NewArena) -> Any:
    """Make an arena of the board's entries. For staff and those with the right to run arenas."""
    board, given = _board(request, slug), new.model_dump()
    if faults := list(unstorable(given)):
        raise InvalidInput(*faults)
    made = arenas.make(board, parse_params(arenas.ArenaSettings, given), user=request.auth)
    return Status(201, _item(made))


@router.get("/boards/{slug:slug}/arena", response={200: ArenaItem, **responses(404)})
def get_arena(request: HttpRequest, slug: str) -> Any:
    """How people vote on a board: what its policy says to everybody."""
    return _item(_open(find_board(slug)))


@router.patch("/boards/{slug:slug}/arena", response={200: ArenaItem, **responses(*_AUTH)}, **writing)
def change_arena(request: SignedRequest, slug: str, new: ChangedArena) -> Any:
    """Change a running arena, as one entry in its log. Votes that were given stay as they are.

    A changed consent text is asked of every voter again.
    """
    board = _open(_board(request, slug))
    if faults := list(unstorable(new.model_dump())):
        raise InvalidInput(*faults)
    if new.live is not None:
        live_rules.change(board, new.live, user=request.auth)
    given = new.model_dump(exclude={"live", "reason"}, exclude_none=True)
    if given:
        arena_changes.change(board, given, user=request.auth, reason=new.reason)
    return _item(find_board(slug))


@router.get("/boards/{slug:slug}/invites", response={200: InviteList, **responses(401, 403, 404, 429)}, **writing)
def list_invites(request: SignedRequest, slug: str) -> Any:
    """Every invitation of the board."""
    board = _board(request, slug)
    return InviteList(items=[_invite(request, board, one) for one in read.invites(board)])


@router.post("/boards/{slug:slug}/invites", response={201: InviteItem, **responses(*_AUTH)}, **writing)
def make_invite(request: SignedRequest, slug: str, new: NewInvite) -> Any:
    """Make an invitation to vote on the board."""
    board = _open(_board(request, slug))
    if faults := list(unstorable(new.model_dump())):
        raise InvalidInput(*faults)
    return Status(201, _invite(request, board, invites.make(board, **new.model_dump(), user=request.auth)))


@router.delete("/boards/{slug:slug}/invites/{int:pk}", response={200: InviteItem, **responses(*_AUTH)}, **writing)
def revoke_invite(request: SignedRequest, slug: str, pk: int) -> Any:
    """Take an invitation back. Who joined by it stays."""
    board = _board(request, slug)
    invite = get_object_or_404(Invite, pk=min(pk, 2**63 - 1), board=board)
    invites.revoke(invite)
    invite.refresh_from_db()
    return _invite(request, board, invite)


_ETAG = {"ETag": {"description": "Changes with the snapshots shown.", "schema": {"type": "string"}}}
_EXTRA: dict[str, Any] = {
    "parameters": [{"in": "header", "name": "If-None-Match", "schema": {"type": "string"}, "required": False}],
    "responses": {200: {"headers": _ETAG}, 304: {"headers": _ETAG}},
}


@router.get("/boards/{slug:slug}/people", response={200: People, 304: None, **responses(404)}, openapi_extra=_EXTRA)
def get_people(request: HttpRequest, slug: str, response: HttpResponse) -> Any:
    """How people rate the board's entries beside its judges, how they agree, votes by day, and what was both bad."""
    board = find_board(slug)
    family = read_people.family(board)
    etag = f'"{fingerprint("people", [[one.slug, one.current_id] for one in [board, *family]])[:32]}"'
    if is_known(request, etag):
        return HttpResponse(status=304, headers={"ETag": etag})
    response["ETag"] = etag
    told = (board.current.details.get("people") or {}) if board.current else {}
    return People(board=board.slug, boards=[_head(one) for one in family], ratings=_ratings(board, family), **told)


def _head(board: Board) -> PeopleBoard:
    voters = board.voters if board.counts_votes else ""
    snapshot = board.current.digest if board.current else None
    return PeopleBoard(slug=board.slug, title=board.title, voters=voters, snapshot=snapshot)


def _ratings(board: Board, family: list[Board]) -> list[Rated]:
    found = []
    for entry in read_people.beside(family, board):
        for one, row in zip(family, entry.rows, strict=True):
            if row is not None:
                field = VALUE_OF.get(one.rater, "rating")
                value, low, high = (getattr(row, f"{field}{end}") for end in ("", "_low", "_high"))
                ranks = {"rank_low": row.rank_low, "rank_high": row.rank_high, "n": row.n}
                named = {"entry": entry.entry.slug, "board": one.slug, "measure": field}
                found.append(Rated(**named, value=value, low=low, high=high, **ranks))
    return found


def _board(request: SignedRequest, slug: str) -> Board:
    """The board, for those who may run arenas. Raises AuthorizationError and Http404."""
    user: User = request.auth
    if not (user.is_staff or user.has_perm("leaderboard.run_arena")):
        raise AuthorizationError(message="Only staff, and those with the right to run arenas, can do this.")
    return find_board(slug)


def _open(board: Board) -> Board:
    if not board.open_to_votes:
        raise Http404("This board takes no votes.")
    return arena_of(board)


def _item(board: Board) -> ArenaItem:
    policy, rules = policy_of(board), rules_of(board)
    told: dict[str, Any] = {"access": "anyone", "domains": [], "providers": [], "consent": ""}
    told |= {"invite_only": False, "paused": False}
    if policy is not None:
        told = {name: getattr(policy, name) for name in told}
    return ArenaItem(
        board=board.slug,
        parent=board.parent.slug if board.parent else None,
        prompts=policy.asked if policy else "all prompts",
        sampling=policy.sampling if policy else {},
        retired=[entry.slug for entry in read.retired_entries(board)],
        limits={name: getattr(rules, name) for name in arena_changes.LIMITS},
        apart=[one.slug for one in read.apart(board)],
        live=live_rules.settings_of(board).canonical(),
        live_board=board.live_rules.board.slug if hasattr(board, "live_rules") else None,
        **told,
    )


def _invite(request: HttpRequest, board: Board, invite: Invite) -> InviteItem:
    link = reverse("join", args=[board.slug, invites.token_of(invite)])
    names = ("label", "used", "most", "expires_at", "revoked_at")
    own = {name: getattr(invite, name) for name in names}
    fault = invites.why_not(invite, timezone.now())
    return InviteItem(id=invite.pk, link=request.build_absolute_uri(link), fault=fault, **own)
