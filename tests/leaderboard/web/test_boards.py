"""The table of a board: its columns, style held equal, categories, flags, and the state in the address."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.models import Submission
from tests.factories import plain_entries, snapshot, sums_board
from tests.leaderboard.web.test_pages import shown

pytestmark = pytest.mark.django_db

STYLED = [
    {"rating": 1100, "rank_low": 1, "rank_high": 1, "style_rating": 1000, "style_rank_low": 3, "style_rank_high": 3},
    {"rating": 1050, "rank_low": 2, "rank_high": 2, "style_rating": 1090, "style_rank_low": 1, "style_rank_high": 2},
    {"rating": 900, "rank_low": 3, "rank_high": 3, "style_rating": 1080, "style_rank_low": 1, "style_rank_high": 2},
]
EFFECT = {"name": "tokens", "beta": 0.25, "se": 0.0612, "low": 0.1301, "high": 0.3699, "scale": 0.31}


@pytest.fixture
def board(bell):
    return sums_board()


def order(body: str) -> list[str]:
    """Names in the order of the rows."""
    return re.findall(r'<th scope="row"><a[^>]*>(entry-\d)</a>', body)


def labels(body: str) -> list[str]:
    return re.findall(r'class="sort"[^>]*>([^<]*?)(?: <span[^>]*>.</span>)?</a>', body)


def row(body: str, name: str) -> str:
    """The words of one row."""
    found = next(part for part in re.findall(r"<tr.*?</tr>", body, re.DOTALL) if f">{name}<" in part)
    return " ".join(re.sub(r"<title>.*?</title>|<[^>]+>", " ", found).split())


def test_columns_without_any_value_are_left_out(client, board):
    snapshot(board, [{"win_rate": 60.0, "n": 5}, {"win_rate": None}])
    assert labels(shown(client, "/boards/sums/")) == ["Rank", "Entry", "Win rate", "n", "Missing"]


def test_length_control_stands_beside_the_raw_win_rate_each_with_its_error(client, board):
    snapshot(board, [{"win_rate": 60.25, "win_rate_se": 1.75, "lc": 55.5, "lc_se": 1.5, "n": 1805}])
    body = shown(client, "/boards/sums/")
    assert labels(body) == ["Rank", "Entry", "LC win rate", "Win rate", "n", "Missing"]
    assert "55.5 ± 1.5 60.2 ± 1.8 1,805 0" in row(body, "entry-0")


def test_what_is_missing_says_how_much_of_it_was_unscored(client, board):
    snapshot(board, [{"missing": 7, "unscored": 3}, {"missing": 2}])
    body = shown(client, "/boards/sums/")
    assert row(body, "entry-0").endswith("7 3 unscored")
    assert row(body, "entry-1").endswith("2")


def test_above_next_tells_the_chance_and_how_many_more_would_decide(client, board):
    snapshot(board, [{"chance": 0.873, "more": 1240}, {"chance": 0.99999, "more": 0}, {}])
    body = shown(client, "/boards/sums/")
    assert "87.3 % about 1,240 more" in row(body, "entry-0")
    assert "&gt; 99.9 % 0" in row(body, "entry-1")
    assert row(body, "entry-2") == "– entry-2 as published – 0 0"


def test_flagged_entries_stand_last_under_a_heading_with_the_reason(client, board):
    flag = {"entry": "entry-0", "kind": "repeated-outputs", "sentence": "It wrote 1 text.", "cleared": False}
    rows = [{"flags": ["repeated-outputs"], "win_rate": 90.0}, {"win_rate": 50.0}, {"win_rate": 40.0}]
    snapshot(board, rows, {"flags": [flag]})
    for sort in ("", "?sort=-win-rate", "?sort=entry"):
        body = shown(client, f"/boards/sums/{sort}")
        assert order(body)[-1] == "entry-0"
        assert body.count("Out of the ranking until a person clears their flags") == 1
        assert body.index("Out of the ranking until") < body.index('href="/entries/entry-0/"')
    assert 'href="/entries/entry-0/#flags" title="It wrote 1 text."' in body
    assert "repeated outputs" in row(body, "entry-0")


def test_a_cleared_flag_leaves_no_mark_on_the_board(client, board):
    flag = {"entry": "entry-0", "kind": "repeated-outputs", "sentence": "It wrote 1 text.", "cleared": True}
    snapshot(board, [{"rank_low": 1, "rank_high": 1}, {}], {"flags": [flag]})
    body = shown(client, "/boards/sums/")
    assert "repeated outputs" not in body and "Out of the ranking" not in body


def test_style_held_equal_ranks_by_it_and_tells_who_moved(client, board):
    snapshot(board, STYLED, {"style": [EFFECT]})
    body = shown(client, "/boards/sums/?style=1")
    assert order(body) == ["entry-1", "entry-2", "entry-0"]
    assert row(body, "entry-0").startswith("3 ▼2 down 2")
    assert row(body, "entry-1").startswith("1–2 ▲1 up 1")
    assert "1,090" in row(body, "entry-1")
    assert "0.250" in body and "± 0.061" in body and "0.130 to 0.370" in body


def test_as_judged_nobody_has_moved_and_no_coefficient_is_shown(client, board):
    snapshot(board, STYLED, {"style": [EFFECT]})
    body = shown(client, "/boards/sums/")
    assert order(body) == ["entry-0", "entry-1", "entry-2"]
    assert "▲" not in body and "0.250" not in body
    assert '<a href="?style=1"' in body


def test_a_board_without_style_offers_no_toggle_and_ignores_it(client, board):
    snapshot(board, [{"rating": 1000.0}])
    body = shown(client, "/boards/sums/?style=1")
    assert 'href="?style=1' not in body
    assert "1,000" in row(body, "entry-0")


def test_a_category_shows_its_own_rows(client, board):
    snapshot(board, [{"n": 9}, {"n": 8}], categories={"sums": [{"n": 3}, {"n": 2}], "tables & lists": [{"n": 1}]})
    body = shown(client, "/boards/sums/?category=tables+%26+lists")
    assert order(body) == ["entry-0"]
    assert row(body, "entry-0").endswith("1 0")
    assert "/api/v1/boards/sums/standings?format=csv&amp;category=tables%20%26%20lists" in body
    assert "from 1 verdict on 1 prompt of tables &amp; lists" in body
    assert 'href="?category=sums"' in body and 'href="?" ' not in body
    assert '<a href="?category=tables+%26+lists" aria-current="true">tables &amp; lists (1)</a>' in body


def test_a_category_that_the_board_does_not_have_is_not_found(client, board):
    snapshot(board, [{}])
    shown(client, "/boards/sums/?category=nothing", 404)


def test_the_address_keeps_sort_style_and_category_together(client, board):
    rows = [{**one, "n": n} for n, one in enumerate(STYLED)]
    snapshot(board, rows, categories={"sums": rows, "lists": rows[:1]})
    body = shown(client, "/boards/sums/?sort=-n&style=1&category=sums")
    assert order(body) == ["entry-2", "entry-1", "entry-0"]
    for href in (
        "?sort=-n&amp;category=sums",
        "?sort=-n&amp;style=1&amp;category=lists",
        "?sort=n&amp;style=1&amp;category=sums",
    ):
        assert f'href="{href}"' in body


@pytest.mark.parametrize("sort", ["rank", "rating", "lc", "win-rate", "above-next", "length", "cost"])
def test_rows_without_a_number_come_last_either_way(client, board, sort):
    from leaderboard.queries.standings import SORTS

    field = SORTS[sort]
    snapshot(board, [{field: 1}, {field: 2}, {} if field != "position" else {"position": 3}])
    last = "entry-2"
    assert order(shown(client, f"/boards/sums/?sort={sort}")) == ["entry-0", "entry-1", last]
    down = order(shown(client, f"/boards/sums/?sort=-{sort}"))
    assert down == (["entry-1", "entry-0", last] if field != "position" else [last, "entry-1", "entry-0"])


def test_each_view_has_an_etag_of_its_own(client, board):
    snapshot(board, STYLED, categories={"sums": STYLED, "lists": STYLED})
    views = ["", "?style=1", "?category=sums", "?sort=-n", "?style=1&category=sums"]
    tags = [client.get(f"/boards/sums/{view}")["ETag"] for view in views]
    assert len(set(tags)) == len(views)


def test_the_number_of_queries_does_not_grow_with_rows(client, board):
    counts = []
    for size in (1, 5):
        rows = [{**STYLED[0], "n": 1} for _ in range(size)]
        snapshot(board, rows, {"style": [EFFECT]}, {"sums": rows, "lists": rows})
        for query in ("", "?style=1", "?category=sums"):
            with CaptureQueriesContext(connection) as seen:
                shown(client, f"/boards/sums/{query}")
            counts.append(len(seen))
    assert counts[:3] == counts[3:]


def test_column_heads_link_to_anchors_that_exist(client, board):
    known = {"win-rate": {"version": "1"}, "length-controlled": {"version": "1"}, "bradley-terry": {"version": "2"}}
    snapshot(board, [{"rating": 1, "lc": 1, "win_rate": 1, "chance": 0.5}], {"methods": known})
    anchors = re.findall(r'class="why" href="/boards/sums/how/#([\w-]+)"', shown(client, "/boards/sums/"))
    assert anchors == ["ranks", "rating", "length-controlled", "win-rate", "neighbours", "counts", "counts"]
    page = shown(client, "/boards/sums/how/")
    assert [anchor for anchor in anchors if f'id="{anchor}"' not in page] == []


def test_all_that_runs_is_counted_and_the_newest_twenty_are_named(client, board):
    for entry in plain_entries(23):
        Submission.objects.create(board=board, entry=entry)
    body = shown(client, "/boards/sums/")
    assert "Working on 23 submissions" in body
    assert body.count('<li><a href="/submissions/') == 20
    assert "<li>and 3 more</li>" in body
    assert "23 running" in shown(client, "/")
