"""Limits on votes: right with many at once, told with the time to wait, by networks without any address kept."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from leaderboard.models import VoteCount, VotingRules
from leaderboard.services import limits
from tests.factories import fact_board

NOON = 1_700_006_400.0


@pytest.fixture
def board(db):
    made = fact_board(["ada", "bob"], {"p": ""}).board
    VotingRules.objects.create(board=made, account_minute=3, account_day=5, session_minute=0, network_minute=4)
    return made


def test_a_limit_holds_in_its_window_and_tells_how_long_to_wait(board):
    for _ in range(3):
        limits.count_vote(board, {"account": "user:1"}, now=NOON + 20)
    with pytest.raises(limits.TooMany, match="At most 3 votes a minute for one account") as caught:
        limits.count_vote(board, {"account": "user:1"}, now=NOON + 20)
    assert (caught.value.wait, caught.value.period) == (60 - int(NOON + 20) % 60, "minute")
    limits.count_vote(board, {"account": "user:2"}, now=NOON + 20)
    limits.count_vote(board, {"account": "user:1"}, now=NOON + 80)
    limits.count_vote(board, {"account": "user:1"}, now=NOON + 80)
    with pytest.raises(limits.TooMany, match="5 votes a day") as caught:
        limits.count_vote(board, {"account": "user:1"}, now=NOON + 80)
    assert caught.value.wait == 86_400 - int(NOON + 80) % 86_400


def test_a_refused_try_costs_the_others_nothing(board):
    whose = {"account": "user:1", "network": "n"}
    for _ in range(3):
        limits.count_vote(board, whose, now=NOON)
    for _ in range(5):
        with pytest.raises(limits.TooMany):
            limits.count_vote(board, whose, now=NOON)
    counts = VoteCount.objects.filter(key__contains="network:minute").values_list("count", flat=True)
    assert list(counts) == [3]
    limits.count_vote(board, {"account": "user:2", "network": "n"}, now=NOON)
    with pytest.raises(limits.TooMany, match="network"):
        limits.count_vote(board, {"account": "user:3", "network": "n"}, now=NOON)


def test_no_name_and_no_limit_count_nothing(board):
    for _ in range(50):
        limits.count_vote(board, {"account": "", "session": "s", "network": ""}, now=NOON)
    assert not VoteCount.objects.filter(key__contains="account").exists()
    assert not VoteCount.objects.filter(key__contains="session:minute").exists()


def test_boards_and_people_are_counted_apart(board):
    other = fact_board(["ada", "bob"], {"q": ""}, slug="other").board
    for _ in range(3):
        limits.count_vote(board, {"account": "user:1"}, now=NOON)
    limits.count_vote(other, {"account": "user:1"}, now=NOON)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("203.0.113.7", "203.0.113.250", True),
        ("203.0.113.7", "203.0.114.7", False),
        ("2001:db8:1:2::1", "2001:db8:1:ffff::9", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("::ffff:203.0.113.7", "203.0.113.9", True),
        ("fe80::1%eth0", "fe80::2", True),
    ],
)
def test_a_network_is_a_part_of_an_address(first, second, same):
    one, two = limits.network_of(first), limits.network_of(second)
    assert (one == two) is same
    assert len(one) == 32


@pytest.mark.parametrize("address", ["", "unknown", "127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "1.2.3", "a, b"])
def test_what_tells_no_network_is_none(address):
    assert limits.network_of(address) == ""


def test_the_hash_needs_this_server_s_key(settings):
    before = limits.network_of("203.0.113.7")
    assert "203" not in before
    settings.SECRET_KEY = "another key than before, for one test"
    assert limits.network_of("203.0.113.7") != before


def at_once(board, tries: int) -> list[bool]:
    """Whether each of many tries at one moment was let in."""
    ready, found = threading.Barrier(tries), []

    def one() -> None:
        ready.wait(30)
        try:
            limits.count_vote(board, {"account": "user:1", "network": "n"}, now=NOON)
            found.append(True)
        except limits.TooMany:
            found.append(False)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(tries)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.django_db(transaction=True)
def test_many_at_once_get_in_exactly_as_often_as_allowed(tmp_path):
    made = fact_board(["ada", "bob"], {"p": ""}).board
    VotingRules.objects.create(board=made, account_minute=7, network_minute=100)
    found = at_once(made, 24)
    assert (len(found), sum(found)) == (24, 7)
