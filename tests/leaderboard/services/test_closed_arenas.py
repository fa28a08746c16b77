"""An arena on which not everybody may vote counts its own votes alone, and nobody else counts them."""

from __future__ import annotations

import pytest

from leaderboard.contracts.values import Outcome
from leaderboard.models import Ballot, Board, Comparison, Vote
from leaderboard.queries.arena import open_board, others
from leaderboard.queries.compare import totals
from leaderboard.queries.exports import BoardSource
from leaderboard.queries.voters import where_cast
from leaderboard.services import arena_changes, arenas
from leaderboard.services.arenas import ArenaSettings
from tests.factories import submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot", "bell")]
CLOSED = [{"access": "account"}, {"invite_only": True}, {"access": "domain", "domains": ["example.org"]}]


@pytest.fixture
def home(work):
    board = sums_board()
    for place in range(2):
        submit(board, {"model": f"bird-{place}", "wrong_every": place + 1 if place else 0})
    work()
    return board


def arena(home, slug, **settings):
    return arenas.make(home, ArenaSettings(slug=slug, title=slug, **settings), user=None)


def vote(board, voter, place=0):
    pair = Comparison.objects.order_by("pk")[place]
    told = {"swapped": False, "token": f"{board.slug} {voter}", "expires_at": "2100-01-01T00:00:00Z"}
    ballot = Ballot.objects.create(board=board, comparison=pair, voter=voter, **told)
    return Vote.objects.create(ballot=ballot, comparison=pair, board=board, voter=voter, outcome=Outcome.A)


def told(board):
    """Votes that the board's snapshot counts, that its export holds, and that its page of two entries shows."""
    board = Board.objects.select_related("current", "benchmark").get(pk=board.pk)
    source = BoardSource(board, private=True, people=True)
    left, right = board.ranked_entries().with_parts().order_by("slug")
    people = [one for one in totals(board, left, right) if one.judge == "people"]
    compared = sum(one.left + one.right + one.tie for one in people)
    return board.current.details["people"]["votes"], len(list(source.verdicts())), compared


@pytest.mark.parametrize("policy", CLOSED, ids=["account", "invited", "domain"])
def test_votes_of_people_who_were_not_let_in_do_not_count(home, work, policy):
    opened, closed = arena(home, "open"), arena(home, "closed", **policy)
    for number in range(3):
        vote(opened, f"anonymous:{number}")
    vote(closed, "user:1")
    for board in (opened, closed):
        arenas.boards.request_refresh(board)
    work()
    assert (told(opened), told(closed)) == ((3, 3, 3), (1, 1, 1))


def test_open_arenas_of_one_board_count_each_others_votes(home, work):
    one, two = arena(home, "one"), arena(home, "two")
    vote(one, "anonymous:1")
    vote(two, "anonymous:2", 1)
    arenas.boards.request_refresh(one)
    work()
    assert told(one) == told(two) == (2, 2, 2)


def test_boards_of_named_and_anonymous_votes_go_with_their_arena(home, work):
    opened, closed = arena(home, "open", apart=True), arena(home, "closed", invite_only=True, apart=True)
    for board in (opened, closed):
        for kind in ("user", "anonymous"):
            vote(board, f"{kind}:{board.slug}")
    arenas.boards.request_refresh(opened)
    work()
    for slug in ("open-named", "open-anonymous", "closed-named", "closed-anonymous"):
        assert told(Board.objects.get(slug=slug))[:2] == (1, 1)
    assert where_cast(Board.objects.get(slug="closed-named")) == (closed.pk, ())


def test_an_arena_that_closes_takes_its_votes_along_and_one_that_opens_brings_them(home, work):
    one, two = arena(home, "one"), arena(home, "two")
    vote(one, "anonymous:1")
    vote(two, "anonymous:2", 1)
    arena_changes.change(two, {"invite_only": True}, user=None)
    work()
    assert (told(one), told(two)) == ((1, 1, 1), (1, 1, 1))
    arena_changes.change(Board.objects.get(pk=two.pk), {"invite_only": False}, user=None)
    work()
    assert told(one) == told(two) == (2, 2, 2)


def test_how_others_voted_is_told_of_those_who_count_there(home, work):
    opened, closed = arena(home, "open"), arena(home, "closed", invite_only=True)
    vote(opened, "anonymous:1")
    vote(closed, "user:1")
    for board, count in ((opened, 1), (closed, 1)):
        mine = vote(board, f"anonymous:of-{board.slug}").ballot
        assert sum(others(open_board(board.slug), mine).values()) == count
