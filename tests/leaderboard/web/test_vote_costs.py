"""What a vote, its reveal and the next pair cost: the same queries however many votes there are."""

from __future__ import annotations

from itertools import combinations

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leaderboard.contracts.values import Outcome
from leaderboard.models import Board, Job, Output, User, VotingRules
from leaderboard.services import boards, quarantine, renderings
from tests.factories import FactBoard, fact_board
from tests.leaderboard.web.test_pages import shown
from tests.leaderboard.web.test_vote import token_on

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bell")]
PAGE = "/boards/facts/vote/"
NAMES = ("ant", "bee", "cat")


@pytest.fixture(autouse=True)
def made(settings, tmp_path) -> FactBoard:
    """An arena of three entries on a dozen prompts."""
    settings.DATA_DIR = tmp_path
    cache.clear()
    made = fact_board(NAMES, {f"p{i}": "" for i in range(12)}, counts_votes=True, open_to_votes=True)
    for first, second in combinations(NAMES, 2):
        for key in made.prompts:
            made.pair(first, second, key)
    renderings.html_of(Output.objects.values_list("text", flat=True))  # as a worker does
    boards.refresh(made.board)
    return made


def cycle(client: Client) -> list[list[str]]:
    """The queries of a vote, of its reveal and of the next pair, once whatever is kept is kept."""
    for _ in range(3):
        vote(client)
    vote_queries, place = vote(client)
    return [vote_queries, queries_of(client, place), queries_of(client, PAGE)]


def vote(client: Client, **more: str) -> tuple[list[str], str]:
    token = token_on(shown(client, PAGE))
    with CaptureQueriesContext(connection) as seen:
        answer = client.post(PAGE, {"token": token, "choice": "left", **more})
    found = [query["sql"] for query in seen.captured_queries]
    if more:
        assert "Your vote" in answer.content.decode()
        return found, ""
    shown(client, answer["Location"])
    return found, answer["Location"]


def queries_of(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as seen:
        shown(client, address)
    return [query["sql"] for query in seen.captured_queries]


def without_transactions(parts: list[list[str]]) -> list[int]:
    return [sum(not sql.startswith(("BEGIN", "COMMIT")) for sql in part) for part in parts]


def test_a_vote_its_reveal_and_the_next_pair_take_few_queries(client):
    parts = cycle(client)
    assert without_transactions(parts) == [7, 8, 9]
    assert not any("COUNT(" in sql for part in parts for sql in part)
    assert not any(sql.startswith("UPDATE") and "leaderboard_board" in sql for part in parts for sql in part)


def test_a_vote_that_is_answered_with_its_reveal_takes_fewer(client):
    cycle(client)
    assert without_transactions([vote(client, at_once="1")[0]]) == [12]


def test_they_are_as_many_with_many_votes(client, made):
    few = cycle(client)
    for number in range(120):
        made.vote(*NAMES[:2], f"p{number % 12}", Outcome.A, voter=f"w{number}")
    boards.refresh(made.board)
    assert without_transactions(cycle(Client())) == without_transactions(few)


def test_a_refresh_that_waits_is_not_asked_for_again(client, made):
    vote(client)
    before = Board.objects.get(pk=made.board.pk).wanted
    for _ in range(3):
        vote(client)
    assert Board.objects.get(pk=made.board.pk).wanted == before == 1
    assert Job.objects.get().state == "ready"


def test_without_limits_none_are_counted(client, made):
    spans = [f"{who}_{span}" for who in ("account", "session", "network") for span in ("minute", "day")]
    VotingRules.objects.create(board=made.board, **dict.fromkeys(spans, 0))
    assert without_transactions(cycle(client)) == [6, 8, 9]


def test_votes_of_people_in_quarantine_are_not_told(client, made):
    for number in range(4):
        for first, second in combinations(NAMES, 2):
            for key in made.prompts:
                made.vote(first, second, key, Outcome.TIE, voter=f"w{number}")
    moderator = User.objects.create_superuser("eve")
    quarantine.decide(board=made.board, voter="w0", quarantined=True, reason="for a test", user=moderator)
    _, place = vote(client)
    assert "Tie: 3" in shown(client, place)
