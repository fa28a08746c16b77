"""The page of charts and their CSV files: what is drawn is what the file has."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import plain_entries, snapshot, sums_board
from tests.leaderboard.web.test_pages import shown

pytestmark = pytest.mark.django_db
PAGE = "/boards/sums/charts/"
NAMES = ["win-fractions", "battle-counts", "length-controlled", "length", "history", "elo"]


def fill(board, size: int = 4, **more):
    """A snapshot with data for every chart."""
    slugs = [entry.slug for entry in plain_entries(size)]
    i, j = zip(*[(a, b) for a in range(size) for b in range(a + 1, size)], strict=True)
    pairs = {"entries": slugs, "i": i, "j": j, "won_i": [3.5] * len(i), "n": [4 + place for place in range(len(i))]}
    rows = [
        {"rating": 1200 - 50 * k, "win_rate": 70 - 9 * k, "lc": 60 - 5 * k, "mean_length": 900 + 70 * k * k}
        for k in range(size)
    ]
    elo = {slug: [[0, 1000], [9, 1010 + place]] for place, slug in enumerate(slugs)}
    return snapshot(board, rows, {"pairs": pairs, "elo_history": elo, **more})


@pytest.fixture
def board(bell):
    made = sums_board()
    fill(made)
    fill(made)
    return made


def table(client, name: str) -> list[dict[str, str]]:
    answer = client.get(f"{PAGE}{name}.csv")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def section(body: str, name: str) -> str:
    start = body.index(f'<section id="{name}"')
    return body[start : body.index("</section>", start)]


def test_every_chart_has_words_and_a_link_to_its_data(client, board):
    body = shown(client, PAGE)
    assert re.findall(r'<section id="([\w-]+)"', body) == NAMES
    for name in NAMES:
        part = section(body, name)
        assert f'href="{PAGE}{name}.csv"' in part
        assert f'aria-labelledby="{name}-t {name}-d"' in part
        assert re.search(rf'<title id="{name}-t">[^<]+</title><desc id="{name}-d">[^<]+</desc>', part)
        assert "<h2>" in part


def test_squares_are_the_rows_of_the_file(client, board):
    body = shown(client, PAGE)
    wins = section(body, "win-fractions")
    numbers = re.findall(r'<rect width="29" height="29"/><text[^>]*>([^<]+)</text>', wins)
    assert numbers == [f"{float(row['share_percent']):.0f}" for row in table(client, "win-fractions")]
    counts = re.findall(r"<title>[^<]* met (\d+) times</title>", section(body, "battle-counts"))
    assert sorted(counts) == sorted([row["n"] for row in table(client, "battle-counts")] * 2)


@pytest.mark.parametrize(
    ("name", "x", "y"), [("length-controlled", "win_rate", "lc"), ("length", "mean_length", "win_rate")]
)
def test_dots_are_the_rows_of_the_file(client, board, name, x, y):
    dots = re.findall(r'<circle class="spot" cx[^>]*><title>([^<]+)</title>', section(shown(client, PAGE), name))
    rows = table(client, name)
    assert dots == [f"{row['entry']}: {float(row[x]):,.1f}, {float(row[y]):,.1f}" for row in rows]


@pytest.mark.parametrize("name", ["history", "elo"])
def test_lines_have_the_points_of_the_file(client, board, name):
    lines = re.findall(r'<polyline[^>]* points="([^"]+)"', section(shown(client, PAGE), name))
    rows = table(client, name)
    assert [len(line.split()) for line in lines] == [2] * 4
    assert len(rows) == 8


def test_the_history_has_what_the_board_is_ranked_by(client, board):
    rows = table(client, "history")
    assert [row["rating"] for row in rows if row["entry"] == "entry-0"] == ["1200.0", "1200.0"]
    board.rater = "win-rate"
    board.save()
    assert [row["win_rate"] for row in table(client, "history")][:2] == ["70.0", "70.0"]


def test_the_slope_is_told_in_points_for_100_characters(client, board):
    assert "100 characters more go with −3.94 ± 0.83 points" in section(shown(client, PAGE), "length")


def test_flagged_entries_and_the_baseline_are_drawn_apart_and_not_fitted(client, board):
    rows = [{"win_rate": 10.0 * k, "mean_length": 100.0 * k} for k in range(4)]
    rows += [{"win_rate": 99.0, "mean_length": 1.0, "flags": ["empty-outputs"]}, {"win_rate": 50.0, "mean_length": 9.0}]
    snapshot(board, rows)
    board.baseline = plain_entries(6)[5]
    board.save()
    part = section(shown(client, PAGE), "length")
    assert "+10.00 ± 0.00 points" in part and "over 4 ranked entries" in part
    assert [part.count(f'class="{name}"') for name in ("spot", "spot-flagged", "spot-baseline")] == [5, 2, 2]


def test_charts_without_data_are_left_out(client, bell):
    snapshot(sums_board(), [{"n": 1}, {"n": 2}])
    assert "There is nothing to draw yet" in shown(client, PAGE)
    shown(client, f"{PAGE}length.csv", 404)
    shown(client, f"{PAGE}nothing.csv", 404)


def test_pairs_against_one_baseline_only_give_no_grid(client, board):
    snapshot(
        board,
        [{}] * 3,
        {
            "pairs": {
                "entries": ["entry-0", "entry-1", "entry-2"],
                "i": [0, 0],
                "j": [1, 2],
                "won_i": [1, 1],
                "n": [2, 2],
            }
        },
    )
    assert "win-fractions" not in shown(client, PAGE)


def test_a_long_board_draws_25_and_its_file_has_all(client, board):
    fill(board, 27)
    part = section(shown(client, PAGE), "battle-counts")
    assert part.count("<rect") == 25 * 24
    assert len(table(client, "battle-counts")) == 27 * 26 // 2
    assert len(table(client, "win-fractions")) == 27 * 26


def test_the_number_of_queries_does_not_grow(client, board):
    counts = []
    for size in (3, 9):
        fill(board, size)
        with CaptureQueriesContext(connection) as seen:
            shown(client, PAGE)
        counts.append(len(seen))
    assert counts[0] == counts[1]
