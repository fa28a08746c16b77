"""Titles that an arena makes itself are read in the reader's language; those that people gave stay as they are."""

from __future__ import annotations

import pytest
from django.utils import translation

from leaderboard.models import Board
from leaderboard.services import arenas, live_rules
from leaderboard.services.arenas import ArenaSettings
from leaderboard.web.titles import title_of
from tests.factories import fact_board

pytestmark = pytest.mark.django_db
SLUGS = ("duel", "duel-named", "duel-anonymous", "duel-live")


def make(title="Duel"):
    fact_board(("x", "y"), {"p": ""})
    made = arenas.make(Board.objects.get(), ArenaSettings(slug="duel", title=title, apart=True), user=None)
    live_rules.change(made, {"on": True})


def titles(language):
    with translation.override(language):
        return [title_of(Board.objects.get(slug=slug)) for slug in SLUGS]


def test_boards_that_an_arena_made_are_called_in_the_readers_language(bell, client):
    make()
    english = ["Duel", "Duel, named voters", "Duel, anonymous voters", "Duel, live"]
    assert [Board.objects.get(slug=slug).title for slug in SLUGS] == titles("en") == english
    assert titles("zh-hans") == ["Duel", "Duel，实名投票者", "Duel，匿名投票者", "Duel，实时"]
    chinese = {"HTTP_ACCEPT_LANGUAGE": "zh-CN"}
    assert "<h1>Duel，实时</h1>" in client.get("/boards/duel-live/", **chinese).content.decode()
    page = client.get("/", **chinese).content.decode()
    assert [title in page for title in titles("zh-hans")] == [True] * 4
    assert "named voters" not in page


def test_a_title_that_somebody_gave_stays(bell):
    make("Votes, live")
    Board.objects.filter(slug="duel-named").update(title="Our members")
    assert titles("zh-hans") == ["Votes, live", "Our members", "Votes, live，匿名投票者", "Votes, live，实时"]


def test_the_longest_title_keeps_its_ending(bell):
    make("x" * 100)
    assert titles("en")[3] == "x" * 100 + ", live"
    assert titles("zh-hans")[1] == "x" * 100 + "，实名投票者"


def test_no_board_has_no_title():
    assert title_of(None) == ""
