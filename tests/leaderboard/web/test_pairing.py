"""The rule of pairs on the page that says how a board works."""

from __future__ import annotations

from itertools import combinations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.models import ArenaPolicy
from leaderboard.services import boards
from tests.factories import FactBoard, fact_board
from tests.leaderboard.web.test_pages import shown

pytestmark = pytest.mark.django_db
HOW, VOTE = "/boards/facts/how/", "/boards/facts/vote/"


def arena(*names: str, prompts: int = 3, **policy: object) -> FactBoard:
    made = fact_board(names, {f"p{i}": "" for i in range(prompts)}, counts_votes=True, open_to_votes=True)
    for first, second in combinations(names, 2):
        for key in made.prompts:
            made.pair(first, second, key)
    if policy:
        ArenaPolicy.objects.create(board=made.board, **policy)
    boards.refresh(made.board)
    return made


def test_the_rule_its_settings_and_each_share_are_told(client):
    made = arena("ant", "bee", "cat", sampling={"uniform": 1.0, "weights": {}, "least": 0.3})
    slug = made.entries["ant"].slug
    ArenaPolicy.objects.update(sampling={"uniform": 1.0, "weights": {slug: 2.0}, "least": 0.3})
    boards.refresh(made.board)
    body = " ".join(shown(client, HOW).split())
    assert "Which pair a voter sees" in body
    assert "<td>1 named</td>" in body and "Share of pairs drawn without looking at ratings" in body
    row = body.split(f'/entries/{slug}/">', 2)[-1]
    assert '<td class="num">80.0 %</td><td class="num">2</td><td class="num">20.0 %</td>' in row
    assert "3, shown 0 to 0 times each" in body


def test_a_board_without_votes_says_nothing_of_pairs(client):
    made = fact_board(("ant", "bee"), {"p": ""})
    made.verdict("ant", "bee", "p", 1.0)
    boards.refresh(made.board)
    assert "Which pair a voter sees" not in shown(client, HOW)


def test_settings_that_could_not_be_read_are_told(client):
    arena("ant", "bee", sampling={"uniform": -1})
    assert "could not be read, so the defaults are used" in shown(client, HOW)


def queries(client, page):
    with CaptureQueriesContext(connection) as seen:
        shown(client, page)
    return [query["sql"] for query in seen.captured_queries]


def test_the_section_runs_the_same_queries_with_two_and_with_six_entries(client):
    arena("ant", "bee")
    few = len(queries(client, HOW))
    made = fact_board(("ant", "bee", "cat", "dog", "eel", "fox"), {"p": ""}, slug="more", open_to_votes=True)
    for first, second in combinations(made.entries, 2):
        made.pair(first, second, "p")
    boards.refresh(made.board)
    assert len(queries(client, "/boards/more/how/")) == few


def test_the_voting_page_runs_the_same_queries_with_few_and_with_many_votes(client):
    made = arena("ant", "bee", "cat", prompts=12)
    few = queries_of_a_new_pair(client)
    for number in range(40):
        for key in ("p0", "p1", "p2"):
            made.vote("ant", "bee", key, "a", voter=f"v{number}")
    boards.refresh(made.board)
    many = queries_of_a_new_pair(client)
    assert len(few) == len(many)
    assert not any("COUNT(" in sql for sql in many)


def queries_of_a_new_pair(client) -> list[str]:
    """Of the second voter in a browser, once all is kept that is worked out once for a snapshot or a text."""
    for number in range(3):
        client.get(VOTE)
        session = client.session
        session["voter"] = f"{number}{session['voter']}"[:32]
        session.save()
    return queries(client, VOTE)
