"""Blind voting by page."""

from __future__ import annotations

import re

import pytest

from leaderboard.models import Ballot, Vote
from tests.leaderboard.web.test_pages import shown

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/boards/people/vote/"


def token_on(body: str) -> str:
    return re.search(r'name="token" value="([^"]+)"', body)[1]


def test_a_vote_goes_round_and_only_then_tells_who_wrote_what(client, people):
    body = shown(client, PAGE)
    assert "bird-" not in body and "greedy" not in body
    assert "Votes start at zero. So far: 0." in body
    assert token_on(shown(client, PAGE)) == token_on(body)
    answer = client.post(PAGE, {"token": token_on(body), "choice": "left"})
    assert answer.status_code == 302
    reveal = shown(client, answer["Location"])
    assert "A is better" in reveal and "bird-0" in reveal and "bird-1" in reveal and "reference:" in reveal
    vote = Vote.objects.get()
    assert vote.voter.startswith("anonymous:") and vote.seconds_shown >= 0
    ballot = vote.ballot
    best_left = (ballot.comparison.entry_a.model.name == "bird-0") != ballot.swapped
    assert f"reference: {'A' if best_left else 'B'} wins" in reveal


def test_another_session_sees_neither_the_reveal_nor_can_use_the_ballot(client, people, user):
    from django.test import Client

    token = token_on(shown(client, PAGE))
    other = Client()
    assert other.post(PAGE, {"token": token, "choice": "left"})["Location"] == PAGE
    assert "not yours" in other.get(PAGE).content.decode()
    client.post(PAGE, {"token": token, "choice": "tie"})
    assert other.get(f"{PAGE}?shown={token}").status_code == 302
    assert Vote.objects.count() == 1


def test_skipping_all_pairs_ends_with_a_hint(ada, user, people):
    for _ in range(3):
        token = token_on(shown(ada, PAGE))
        assert ada.post(PAGE, {"token": token, "choice": "skip"})["Location"] == PAGE
    assert "No pair is left" in shown(ada, PAGE)
    assert set(Vote.objects.values_list("voter", flat=True)) == {f"user:{user.pk}"}
    assert Ballot.objects.count() == 3


def test_a_bad_choice_stores_nothing(client, people):
    token = token_on(shown(client, PAGE))
    client.post(PAGE, {"token": token, "choice": "up"})
    assert "Choose one of" in shown(client, PAGE)
    assert not Vote.objects.exists()


def test_a_board_that_takes_no_votes_has_no_such_page(client, board):
    shown(client, "/boards/sums/vote/", 404)
