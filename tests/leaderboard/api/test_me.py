"""One's own account and votes over the API: of the token's owner alone."""

from __future__ import annotations

import json

import pytest
from allauth.socialaccount.models import SocialAccount

from leaderboard.contracts.values import Outcome
from leaderboard.models import Ballot, User, VoteUndo
from leaderboard.services import accounts, addresses, voter_links
from tests.factories import fact_board

NAMES = ("strong", "middle", "weak")


@pytest.fixture
def own(client, user, token_of):
    """GET below /api/v1 with ada's token, or another."""
    mine = token_of(user)
    return lambda path, token=mine: client.get(f"/api/v1{path}", headers={"authorization": f"Bearer {token}"})


@pytest.fixture
def voted(user):
    """Ada's three votes, of which she took one back, and bob's on the same pairs."""
    made = fact_board(NAMES, {f"p{i}": "" for i in range(3)}, judges=1, counts_votes=True)
    bob = User.objects.create_user("bob")
    for key in made.prompts:
        made.verdict("strong", "weak", key, 1.0)
        mine = made.vote("strong", "weak", key, Outcome.A, voter=voter_links.voter_of_user(user))
        made.vote("strong", "weak", key, Outcome.A if key != "p0" else Outcome.B, voter=voter_links.voter_of_user(bob))
    VoteUndo.objects.create(vote=mine)
    return made


def test_nobody_reads_without_a_token(get, client, fault):
    for path in ("/me", "/me/votes", "/me/agreement?board=x", "/me/data"):
        fault(get(path), 401)
    fault(client.post("/api/v1/me/erase", {"sure": True}, content_type="application/json"), 401)


def test_the_owner_is_told(own, user, voted):
    addresses.confirm(user, "ada@example.org")
    SocialAccount.objects.create(user=user, provider="acme", uid="1")
    assert own("/me").json() == {
        "username": "ada",
        "address": "ada@example.org",
        "providers": ["acme"],
        "left": None,
        "votes": {voted.board.slug: 2},
    }


def test_own_votes_come_by_page_and_nobody_elses(own, voted, token_of):
    first = own("/me/votes?limit=2")
    body = first.json()
    assert [vote["choice"] for vote in body["items"]] == ["left", "left"] and 'rel="next"' in first["Link"]
    rest = own(f"/me/votes?limit=2&cursor={body['next']}").json()
    assert [vote["taken_back"] for vote in body["items"] + rest["items"]] == [False, False, True]
    assert rest["next"] is None and {vote["board"] for vote in body["items"]} == {voted.board.slug}
    assert own("/me/votes?board=none").json()["items"] == []
    assert own("/me/votes", token_of(User.objects.create_user("cy"))).json() == {"items": [], "next": None}


def test_a_page_costs_the_same_however_long(own, voted, django_assert_num_queries):
    own("/me/votes")
    with django_assert_num_queries(3):
        own("/me/votes?limit=1")
    with django_assert_num_queries(3):
        own("/me/votes?limit=3")


def test_a_bad_cursor_and_a_bad_board_are_told(own, voted, fault):
    fault(own("/me/votes?cursor=x"), 400)
    fault(own("/me/votes?limit=0"), 422)
    fault(own("/me/agreement"), 422)
    assert "lead to you" in fault(own("/me/agreement?board=none"), 404)["detail"]


def test_agreement_with_others_and_judges(own, voted):
    found = own(f"/me/agreement?board={voted.board.slug}").json()
    assert (found["votes"], found["others"]) == (2, {"same": 1, "n": 2, "share": 50.0})
    assert list(found["judges"].values()) == [{"same": 2, "n": 2, "share": 100.0}]
    assert [(one["share"], one["n"]) for one in found["ranking"]] == [(100.0, 2), (0.0, 2)]


def data(response):
    return [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]


def test_all_data_can_be_taken_along(own, user, voted):
    addresses.confirm(user, "ada@example.org")
    found = data(own("/me/data"))
    kinds = [row["kind"] for row in found]
    assert kinds == ["account", "address", "token", "voter", "vote", "vote", "vote"]
    account, vote = found[0], found[-1]
    assert account["username"] == "ada" and "password" not in account
    assert (vote["left"], vote["choice"], vote["taken_back"]) == (voted.entries["strong"].slug, "left", True)
    assert "bob" not in str(found)


def test_leaving_cuts_the_account_from_its_votes_once(own, post, user, voted, fault):
    addresses.confirm(user, "ada@example.org")
    fault(post("/me/erase", {"sure": False}), 422)
    fault(post("/me/erase", {}), 422)
    assert post("/me/erase", {"sure": True}).json() == {"erased": True}
    assert post("/me/erase", {"sure": True}).json() == {"erased": False}
    me = own("/me").json()
    assert me["left"] and me["votes"] == {} and me["address"] is None
    assert own("/me/votes").json()["items"] == []
    assert [row["kind"] for row in data(own("/me/data"))] == ["account", "token", "token"]
    assert Ballot.objects.count() == 6, "the votes stay"


def test_a_token_that_only_reads_writes_nothing(own, post, user, voted, fault):
    _, text = accounts.make_token(user=user, name="reader", scope="read")
    assert own("/me", text).status_code == 200
    assert "only read" in fault(post("/me/erase", {"sure": True}, token=text), 403)["detail"]
    body = {"board": "x", "generator": "parrot", "model": {}, "strategy": "greedy"}
    fault(post("/submissions", body, token=text), 403)
    assert voter_links.known_voter(user)
