"""One's own account and votes over the API: read them, hear how they agree, take all of it along, and leave.

All of it is of the token's owner and of nobody else, staff included.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.http import Http404, HttpResponse, StreamingHttpResponse
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from leaderboard.api.auth import SignedRequest
from leaderboard.api.paging import LINK, PageQuery, take
from leaderboard.api.problems import responses
from leaderboard.api.submissions import writing
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import VerifiedEmail, Vote, VoterLink
from leaderboard.queries import my_data
from leaderboard.queries import my_votes as read
from leaderboard.queries.arena import chosen_of
from leaderboard.ratings.own_votes import Agreement
from leaderboard.services import voter_links

router = Router(tags=["me"])


class Me(BaseModel):
    """The token's owner. `votes`: by board, without skipped pairs and votes taken back. `left`: when it erased them."""

    username: str
    address: str | None
    providers: list[str]
    left: datetime | None
    votes: dict[str, int]


class VoteQuery(PageQuery):
    """A page of votes, on one board where it is named."""

    board: str = Field(default="", max_length=80)


class MyVote(BaseModel):
    """One vote: what stood left and right, and the choice: left, right, tie, both_bad or skip."""

    id: int
    board: str
    prompt: str
    left: str
    right: str
    choice: str
    taken_back: bool
    at: datetime


class MyVotes(BaseModel):
    """A page of one's own votes, oldest first."""

    items: list[MyVote]
    next: str | None


class BoardQuery(BaseModel):
    """Which board."""

    board: str = Field(max_length=80)


class Agreed(BaseModel):
    """Of `n` pairs that both judged, `same` got the same outcome of three; `share` in percent, null for none."""

    same: int
    n: int
    share: float | None


class OwnRank(BaseModel):
    """An entry by one's own votes: the percentage won of `n`; `rank` is its group on the board, "" for none."""

    entry: str
    share: float
    n: int
    rank: str


class MyAgreement(BaseModel):
    """How one's last votes on a board agree with other people's and with each judge's, and whom they rank first."""

    board: str
    votes: int
    others: Agreed
    judges: dict[str, Agreed]
    ranking: list[OwnRank]


class Sure(BaseModel):
    """That one knows that it cannot be undone."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sure: bool


class Left(BaseModel):
    """Whether there was anything to erase."""

    erased: bool


@router.get("/me", response={200: Me, **responses(401, 429)}, **writing)
def get_me(request: SignedRequest) -> Any:
    """What is known of the token's owner."""
    user, voter = request.auth, voter_links.known_voter(request.auth)
    identities = SocialAccount.objects.filter(user=user).order_by("pk")
    return Me(
        username=user.get_username(),
        address=VerifiedEmail.objects.filter(user=user).values_list("address", flat=True).first(),
        providers=list(identities.values_list("provider", flat=True)),
        left=VoterLink.objects.filter(user=user).values_list("erased_at", flat=True).first(),
        votes={one.board.slug: one.votes for one in read.boards_of(voter)} if voter else {},
    )


@router.get(
    "/me/votes", response={200: MyVotes, **responses(400, 401, 422, 429)}, openapi_extra={"responses": LINK}, **writing
)
def list_my_votes(request: SignedRequest, response: HttpResponse, query: Query[VoteQuery]) -> Any:
    """Every vote of the token's owner, oldest first, those taken back and skipped pairs too."""
    voter = voter_links.known_voter(request.auth)
    rows = my_data.my_votes(voter, query.board) if voter else Vote.objects.none()
    items, following = take(request, response, rows, query)
    return MyVotes(items=[_vote(one) for one in items], next=following)


@router.get("/me/agreement", response={200: MyAgreement, **responses(401, 404, 422, 429)}, **writing)
def get_my_agreement(request: SignedRequest, query: Query[BoardQuery]) -> Any:
    """How the owner's votes on a board agree with others, over the last 2,000."""
    voter = voter_links.known_voter(request.auth)
    boards = {one.board.slug: one.board for one in read.boards_of(voter)} if voter else {}
    if query.board not in boards:
        raise Http404("No votes on this board lead to you.")
    found = read.summary(boards[query.board], voter)
    ranking = [OwnRank(entry=o.entry.slug, share=o.share.share, n=o.share.n, rank=o.rank) for o in found.ranking]
    judges = {name: _agreed(one) for name, one in found.judges}
    return MyAgreement(
        board=query.board, votes=found.votes, others=_agreed(found.others), judges=judges, ranking=ranking
    )


_LINES: dict[str, Any] = {
    "responses": {
        200: {
            "description": "One JSON object a line, each with its `kind`.",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    }
}


@router.get("/me/data", response={200: Any, **responses(401, 429)}, openapi_extra=_LINES, **writing)
def export_my_data(request: SignedRequest) -> Any:
    """Everything that leads to the token's owner, as JSON lines: account, identities, address, tokens, votes."""
    lines = my_data.lines(request.auth, voter_links.known_voter(request.auth))
    headers = {"Content-Disposition": 'attachment; filename="my-data.jsonl"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(lines, content_type="application/x-ndjson", headers=headers)


@router.post("/me/erase", response={200: Left, **responses(400, 401, 403, 413, 422, 429)}, **writing)
def erase_my_votes(request: SignedRequest, sure: Sure) -> Any:
    """Leave: cut the account from its votes, which stay and lead to nobody, and forget its confirmed address.

    The account votes no more. It cannot be undone.
    """
    if not sure.sure:
        raise InvalidInput(FieldError(("sure",), "Send true: this cannot be undone."))
    return Left(erased=voter_links.erase(request.auth))


def _vote(vote: Any) -> MyVote:
    pair, swapped = vote.comparison, vote.ballot.swapped
    left, right = (pair.entry_b, pair.entry_a) if swapped else (pair.entry_a, pair.entry_b)
    return MyVote(
        id=vote.pk,
        board=vote.board.slug,
        prompt=pair.prompt.key,
        left=left.slug,
        right=right.slug,
        choice=chosen_of(vote.outcome, swapped=swapped),
        taken_back=vote.taken_back,
        at=vote.created_at,
    )


def _agreed(found: Agreement) -> Agreed:
    return Agreed(same=found.same, n=found.n, share=found.share)
