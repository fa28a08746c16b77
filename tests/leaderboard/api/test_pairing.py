"""The published rule of pairs over the API."""

from __future__ import annotations

from itertools import combinations

import pytest

from leaderboard.services import boards
from tests.factories import fact_board

pytestmark = pytest.mark.django_db


@pytest.fixture
def arena():
    made = fact_board(("ant", "bee", "cat"), {"p": "x", "q": "y"}, open_to_votes=True)
    for first, second in combinations(made.entries, 2):
        for key in made.prompts:
            made.pair(first, second, key)
    boards.refresh(made.board)
    return made


def test_the_plan_in_use_is_told(get, arena):
    told = get("/boards/facts/pairing").json()
    assert told["rule"]["uniform"] == 0.2
    assert [one["share"] for one in told["entries"]] == pytest.approx([2 / 3] * 3)
    assert told["categories"] == [{"category": "x", "chance": 0.5}, {"category": "y", "chance": 0.5}]
    assert (told["prompts"], told["least_shown"], told["votes"], told["pairs"]) == (2, 0, 0, None)
    arena.board.refresh_from_db()
    assert told["snapshot"] == arena.board.current.digest


def test_the_chance_of_every_pair_is_told_where_asked_for(get, arena):
    pairs = get("/boards/facts/pairing?pairs=true").json()["pairs"]
    slugs = [arena.entries[name].slug for name in ("ant", "bee", "cat")]
    assert [(one["first"], one["second"]) for one in pairs] == list(combinations(slugs, 2))
    assert sum(one["chance"] for one in pairs) == pytest.approx(1)


def test_a_board_that_draws_no_pairs_is_not_found(get):
    fact_board(("ant", "bee"), {"p": ""}, slug="judged")
    answer = get("/boards/judged/pairing")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
