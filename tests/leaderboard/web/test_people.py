"""People beside judges on the board's page, and the page of agreement, votes per day and both bad."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.contracts.values import Outcome
from leaderboard.models import Board
from leaderboard.services import boards
from leaderboard.web.charts import days
from tests.factories import fact_board
from tests.leaderboard.web.test_pages import shown

pytestmark = pytest.mark.django_db
NAMES = ("x", "y", "z", "w")


@pytest.fixture
def made(bell):
    """Judges and people that agree on p0 and p1, and differ on p2."""
    found = fact_board(NAMES[:3], {"p0": "maths", "p1": "maths", "p2": "poems"})
    for key in ("p0", "p1", "p2"):
        found.verdict("x", "y", key, 1.0)
        found.verdict("y", "z", key, 0.0)
        found.verdict("x", "z", key, 0.5)
    return found


@pytest.fixture
def arena(made):
    home = made.board
    found = made.board = Board.objects.create(
        slug="arena", title="By people", benchmark=home.benchmark, parent=home, counts_votes=True, open_to_votes=True
    )
    for key, outcome in (("p0", Outcome.A), ("p1", Outcome.A), ("p2", Outcome.B)):
        made.vote("x", "y", key, outcome)
        made.vote("y", "z", key, Outcome.BOTH_BAD)
    boards.refresh(home)
    boards.refresh(found)
    return Board.objects.get(pk=found.pk)


@pytest.mark.parametrize("slug", ["facts", "arena"])
def test_both_boards_show_both_ratings_with_their_intervals(client, arena, slug):
    body = shown(client, f"/boards/{slug}/")
    table = body[body.index("People beside judges") :]
    assert "By judges" in table and "By people" in table
    own, other = (Board.objects.get(slug=one).current.standings.get(entry__slug="x") for one in ("facts", "arena"))
    for row in (own, other):
        assert f"{row.rating:,.0f}<br>" in table
        assert f"{row.rating_low:,.0f} to {row.rating_high:,.0f}, n {row.n}" in table


def test_a_board_that_people_do_not_vote_on_says_nothing_of_them(client, made):
    boards.refresh(made.board)
    assert "People beside judges" not in shown(client, "/boards/facts/")
    shown(client, "/boards/facts/people/", 404)


def test_a_new_snapshot_of_the_arena_changes_the_etag_of_the_judges_board(client, arena, made):
    first = client.get("/boards/facts/")["ETag"]
    assert client.get("/boards/facts/")["ETag"] == first
    made.vote("x", "z", "p0", Outcome.A)
    boards.refresh(arena)
    assert client.get("/boards/facts/")["ETag"] != first


def test_agreement_days_and_both_bad_are_told_with_their_data(client, arena):
    body = shown(client, "/boards/arena/people/")
    for words in ("58.3 %", "75.0 %", "25.0 %", "maths", "poems", "Votes per day", "6 votes that count"):
        assert words in body
    for form in ("csv", "jsonl", "parquet", "battles"):
        address = f"/api/v1/boards/arena/export?format={form}&amp;verdicts=people"
        assert address in body
    assert "3 (50 %)" in body and "3 (100 %)" in body
    rows = list(csv.DictReader(io.StringIO(client.get("/boards/arena/people/agreement.csv").content.decode())))
    assert [(row["category"], float(row["share"])) for row in rows][1:] == [("maths", 0.75), ("poems", 0.25)]
    bad = list(csv.DictReader(io.StringIO(client.get("/boards/arena/people/bad-entries.csv").content.decode())))
    assert {row["name"]: (row["bad"], row["n"]) for row in bad} == {"x": ("0", "3"), "y": ("3", "6"), "z": ("3", "3")}
    (day,) = csv.DictReader(io.StringIO(client.get("/boards/arena/people/days.csv").content.decode()))
    assert day["votes"] == "6"
    both = list(csv.DictReader(io.StringIO(client.get("/boards/facts/people/together.csv").content.decode())))
    assert {(row["entry"], row["board"]) for row in both} == {(n, b) for n in "xyz" for b in ("facts", "arena")}
    shown(client, "/boards/arena/people/nothing.csv", 404)


def test_the_pages_run_as_many_queries_with_more_entries_and_arenas(client, arena, made):
    def count() -> list[int]:
        found = []
        for address in ("/boards/facts/", "/boards/arena/", "/boards/arena/people/"):
            with CaptureQueriesContext(connection) as seen:
                shown(client, address)
            found.append(len(seen))
        return found

    before = count()
    home = arena.parent
    made.entries["w"] = fact_board(["w"], {"q": ""}, slug="other").entries["w"]
    home.entries.add(made.entries["w"])
    made.vote("x", "w", "p0", Outcome.A, voter="anonymous:1")
    named = Board.objects.create(
        slug="named", title="Named", benchmark=home.benchmark, parent=home, counts_votes=True, voters="named"
    )
    for board in (home, arena, named):
        boards.refresh(board)
    assert count() == before
    assert "By named voters" in shown(client, "/boards/facts/")


def test_days_are_joined_where_there_are_too_many_for_the_width():
    chart = days.chart([[f"day {i}", 1] for i in range(200)])
    assert len(chart.figure.bars) == 67
    assert chart.figure.bars[0].label == "day 0 to day 2: 3 votes"
    assert days.chart([["day", 1]]).figure.bars[0].label == "day: 1 vote"
    assert days.chart([]) is None
