"""One vote too many: a page that says how long to wait, and whose network a request is counted for."""

from __future__ import annotations

import re

import pytest

from leaderboard.models import Vote, VoteCount, VoteSignal, VotingRules
from leaderboard.services import limits

pytestmark = pytest.mark.django_db
HERE = "/boards/people/vote/"


def vote(client, **more):
    token = re.search(r'name="token" value="([^"]+)"', client.get(HERE, **more).content.decode())[1]
    return client.post(HERE, {"token": token, "choice": "left"}, **more)


def test_one_too_many_is_told_with_the_time_and_not_counted(client, people):
    VotingRules.objects.create(board=people, session_day=2, session_minute=0)
    assert [vote(client).status_code for _ in range(2)] == [302, 302]
    refused = vote(client)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 86_400
    text = refused.content.decode()
    assert "At most 2 votes a day for one session." in text
    assert "This vote was not counted." in text
    assert Vote.objects.count() == 2
    assert client.get(HERE).status_code == 200, "looking is free"


def test_a_network_is_shared_by_its_visitors(client, client_b, people):
    VotingRules.objects.create(board=people, network_day=1, network_minute=0)
    assert vote(client, REMOTE_ADDR="203.0.113.7").status_code == 302
    refused = vote(client_b, REMOTE_ADDR="203.0.113.200")
    assert refused.status_code == 429
    assert "Others who share your network" in refused.content.decode()
    assert vote(client_b, REMOTE_ADDR="203.0.114.7").status_code == 302
    kept = " ".join(VoteCount.objects.values_list("key", flat=True)) + str(list(VoteSignal.objects.values()))
    assert "203.0" not in kept


@pytest.fixture
def client_b():
    from django.test import Client

    return Client()


@pytest.mark.parametrize(
    ("behind", "told", "address"),
    [
        (False, "198.51.100.9", "203.0.113.7"),
        (True, "198.51.100.9", "198.51.100.9"),
        (True, "10.9.8.7, 198.51.100.9", "198.51.100.9"),
        (True, "", "203.0.113.7"),
    ],
)
def test_a_header_counts_behind_a_proxy_alone_and_only_what_the_proxy_added(
    client, people, settings, behind, told, address
):
    settings.BEHIND_PROXY = behind
    vote(client, REMOTE_ADDR="203.0.113.7", headers={"X-Forwarded-For": told})
    assert VoteSignal.objects.get().network == limits.network_of(address)
