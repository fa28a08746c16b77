"""The page that says how a board was computed, and what compare takes from the same snapshot."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.models import Board, LengthData
from leaderboard.web.how import asked, difference_text, fragility_sentence, games, separations, used
from tests.factories import plain_entries, snapshot, sums_board
from tests.leaderboard.web.test_pages import shown

pytestmark = pytest.mark.django_db
PAGE = "/boards/sums/how/"
NAMES = {"a": "Ant", "b": "Bee"}
CLOSE = {"better": "entry-0", "worse": "entry-1", "difference": 12.34, "se": 8.0, "chance": 0.938, "p_value": 0.12}
CLOSE |= {"p_holm": 0.24, "decided": False, "more": 1234, "note": ""}
CLEAR = CLOSE | {"better": "entry-1", "worse": "entry-2", "chance": 0.99999, "p_holm": 1e-9, "decided": True, "more": 0}
METHODS = {
    "bradley-terry": {
        "version": "2",
        "params": {"anchor": "", "style": ["tokens", "bold"], "ridge": 0.5},
        "notes": ["Tied."],
    },
    "length-controlled": {"reason": "The board has no baseline."},
    "of-a-guest": {"version": "7", "params": {"fast": True}},
}


@pytest.fixture
def board(bell):
    return sums_board()


def words(body: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_methods_show_version_settings_and_notes_the_known_ones_first():
    found = used({"methods": METHODS}, "win-rate")
    assert [method.name for method in found] == ["length-controlled", "bradley-terry", "of-a-guest"]
    assert [method.is_rating for method in found] == [False, True, False]
    assert found[0].reason == "The board has no baseline."
    assert found[1].params == [("anchor", "not set"), ("style", "tokens, bold"), ("ridge", "0.5")]
    assert found[2].words is None and found[2].params == [("fast", "yes")]


def test_an_old_snapshot_names_its_rater_only():
    assert [(m.name, m.version, m.is_rating) for m in used({"rater": "elo", "version": "1"}, "elo")] == [
        ("elo", "1", False)
    ]
    assert used({}, "elo") == []


def test_neighbours_tell_the_difference_with_its_own_error_and_what_would_decide():
    close, clear = separations({"neighbours": [CLOSE, CLEAR]}, {"entry-0": "Ant"})
    assert (close.better, close.worse, close.difference) == ("Ant", "entry-1", "12.3 ± 8.0")
    assert (close.chance, close.p_holm, close.more) == ("93.8 %", "0.240", "about 1,234")
    assert (clear.chance, clear.p_holm, clear.more) == ("> 99.9 %", "< 0.001", "decided")


def test_neighbours_without_an_error_say_why():
    unknown = CLOSE | {"se": None, "chance": None, "p_holm": None, "more": None, "note": "They share no prompt."}
    (one,) = separations({"neighbours": [unknown]}, {})
    assert (one.difference, one.chance, one.p_holm, one.more) == ("12.3", "–", "–", "They share no prompt.")
    assert difference_text({"difference": 1.0}) == "1.0"


def test_comparisons_worth_asking_for_tell_their_gain():
    found = [{"first": "a", "second": "b", "gain": 1234.4}, {"first": "b", "second": "c", "gain": None}]
    assert asked({"ask_next": found}, NAMES) == [
        ("Ant", "Bee", "1,234"),
        ("Bee", "c", "nothing connects these two yet"),
    ]


def test_fragility_counts_the_judgments_that_hold_the_first_place():
    found = {"leader": "a", "challenger": "b", "n_removed": 13, "share": 13 / 8931}
    assert (
        fragility_sentence({"fragility": found}, NAMES)
        == "Without 13 of 8,931 judgments, Bee would lead instead of Ant."
    )
    assert fragility_sentence({"fragility": None}, NAMES) == ""


def test_gameability_is_told_for_each_measure_or_why_not():
    kept = {
        "raw": {"verbose": 21.35, "concise": 29.76, "reason": ""},
        "lc": {"verbose": None, "concise": None, "reason": "No."},
    }
    assert [(g.name, g.verbose, g.reason) for g in games({"gameability": kept}, {})] == [
        ("Win rate", 21.35, ""),
        ("Length-controlled win rate", None, "No."),
    ]
    assert [g.reason for g in games({"gameability": {"reason": "No variants."}}, {})] == ["No variants."]
    assert games({}, {}) == []


def test_the_page_has_inputs_methods_and_neighbours(client, board):
    details = {"methods": METHODS, "neighbours": [CLOSE, CLEAR], "counts": {"verdicts": 4025, "unscored": 12}}
    made = snapshot(board, [{"missing": 1000}, {"missing": 500}, {}], details | {"length": {"difficulty": "fitted"}})
    body = words(shown(client, PAGE))
    assert made.digest in body and "4,025, of which 12 unscored" in body and "1,500 over all rows" in body
    assert "Not computed here: The board has no baseline." in body
    assert "fitted from this board's own judgments" in body.replace("&#x27;", "'")
    assert "entry-0 entry-1 12.3 ± 8.0 93.8 % 0.240 about 1,234" in body
    assert "bradley-terry 2" in body and "Tied." in body


def test_the_page_before_any_snapshot_and_from_an_old_one(client, board):
    assert "Nothing has been computed yet" in shown(client, PAGE)
    snapshot(board, [{}])
    assert "Bradley–Terry rating" in shown(client, PAGE)


def test_the_number_of_queries_does_not_grow(client, board):
    counts = []
    for size in (1, 5):
        snapshot(board, [{}] * size, {"neighbours": [CLOSE] * size})
        with CaptureQueriesContext(connection) as seen:
            shown(client, PAGE)
        counts.append(len(seen))
    assert counts[0] == counts[1]


COMPARE = "/boards/sums/compare/?a={}&b={}"
PAIRS = {"pairs": {"entries": ["entry-0", "entry-1", "entry-2"], "i": [0], "j": [1], "won_i": [7.5], "n": [10]}}


@pytest.mark.parametrize(("a", "b"), [("entry-0", "entry-1"), ("entry-1", "entry-0")])
def test_compare_tells_what_separates_two_neighbours(client, board, a, b):
    snapshot(board, [{}] * 3, {"neighbours": [CLOSE, CLEAR], **PAIRS})
    body = words(shown(client, COMPARE.format(a, b)))
    first, second = (str(entry) for entry in plain_entries(2))
    assert f"{first} stands 12.3 ± 8.0 points above {second}, next to it" in body
    assert "the chance that this order is real is 93.8 %, and about 1,234 more judgments" in body


def test_compare_tells_the_direct_record_from_the_left(client, board):
    snapshot(board, [{}] * 3, PAIRS)
    first, second = (str(entry) for entry in plain_entries(2))
    assert f"{first} took 7.5 of 10 against {second}, 75.0 %" in words(
        shown(client, COMPARE.format("entry-0", "entry-1"))
    )
    assert f"{second} took 2.5 of 10 against {first}, 25.0 %" in words(
        shown(client, COMPARE.format("entry-1", "entry-0"))
    )


def fits(difficulty: str) -> dict:
    of = {"length": -0.5, "c": 2.78, "std_delta": 700.0}
    strong, weak = of | {"difficulty": 1.0, "entry": 0.5}, of | {"difficulty": 0.5, "entry": -0.5}
    return {"length": {"difficulty": difficulty, "coefficients": {"entry-0": strong, "entry-1": weak}}}


def test_compare_tells_what_one_would_win_at_equal_length(client, board):
    snapshot(board, [{}] * 3, fits("none"))
    assert "would win 73.1 % against" in shown(client, COMPARE.format("entry-0", "entry-1"))
    assert "would win 26.9 % against" in shown(client, COMPARE.format("entry-1", "entry-0"))
    assert "would win" not in shown(client, COMPARE.format("entry-0", "entry-2"))
    board.baseline = plain_entries(3)[2]
    board.save()
    assert "would win 62.2 % against" in shown(client, COMPARE.format("entry-0", "entry-2"))


def test_the_win_at_equal_length_is_over_the_difficulties_that_were_given(client, board):
    snapshot(board, [{}] * 3, fits("given"))
    keys = list(board.benchmark.prompts.values_list("key", flat=True))
    given = LengthData.objects.create(board=board, difficulty=dict.fromkeys(keys, 2.0))
    assert "would win 88.1 % against" in shown(client, COMPARE.format("entry-0", "entry-1"))
    given.difficulty.pop(keys[0])
    given.save()
    assert "would win" not in shown(client, COMPARE.format("entry-0", "entry-1"))


def test_the_win_at_equal_length_is_over_the_difficulties_that_were_fitted(client, board):
    told = fits("fitted")
    told["length"]["gamma"] = [2.0] * 6
    snapshot(board, [{}] * 3, told)
    assert "would win 88.1 % against" in shown(client, COMPARE.format("entry-0", "entry-1"))


@pytest.mark.parametrize(("difficulty", "waiting"), [("fitted", 0), ("none", 1)])
def test_the_win_at_equal_length_is_left_out_where_it_cannot_be_told(client, board, difficulty, waiting):
    snapshot(board, [{}] * 3, fits(difficulty))
    Board.objects.update(wanted=waiting)
    assert "would win" not in shown(client, COMPARE.format("entry-0", "entry-1"))


def test_compare_says_nothing_of_two_that_are_no_neighbours_and_never_met(client, board):
    snapshot(board, [{}] * 3, {"neighbours": [CLOSE, CLEAR], **PAIRS})
    body = shown(client, COMPARE.format("entry-0", "entry-2"))
    assert "On the board" not in body
