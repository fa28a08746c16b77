"""Tables of a report that set configurations against each other: numbers as the report has them."""

from __future__ import annotations

from leaderboard.web.charts.contests import of_pairs, volume
from leaderboard.web.charts.reported import Reported

TEST = {
    "label": "x",
    "pairs": 96,
    "first_mean": 0.95,
    "second_mean": 0.755,
    "difference": 0.195,
    "se": 0.0334,
    "t": 5.8,
    "p_value": 1e-7,
    "p_holm": 2e-7,
    "first": "greedy",
    "second": "T 2",
}


def test_pairs_are_shown_surest_first_and_those_without_a_test_last():
    none = TEST | {"p_value": None, "p_holm": None, "se": None, "second": "T 0"}
    near = TEST | {"p_value": 0.0312, "p_holm": 0.0624, "second": "T 1"}
    found = of_pairs(Reported("m", {"tests": [none, near, TEST]}))
    assert [line[1] for line in found.lines] == ["T 2", "T 1", "T 0"]
    assert found.lines[0] == ["greedy", "T 2", "95.0", "75.5", "+19.5 ± 3.3", "< 0.001", "< 0.001", "96"]
    assert found.lines[1][5:7] == ["0.031", "0.062"]
    assert found.lines[2][4:7] == ["+19.5", "–", "–"]


def test_strategies_meet_at_the_number_of_settings_that_all_have():
    best = [{"value": 0.9, "se": 0.02}, {"value": 0.95, "se": 0.01}]
    curves = [{"strategy": "min-p", "best": best[:1]}, {"strategy": "temperature", "best": best}]
    contrast = {"first": "min-p", "second": "temperature", "difference": {"value": 0.0, "low": -0.05, "high": 0.05}}
    found = volume(Reported("m", {"volume": {"common": 1, "curves": curves, "contrasts": [contrast]}}))
    assert found.lines == [["min-p", "temperature", "90.0 ± 2.0", "90.0 ± 2.0", "0.0", "−5.0 to +5.0"]]


def test_a_report_without_them_has_no_tables():
    assert of_pairs(Reported("m", {})) is None
    assert volume(Reported("m", {"volume": None})) is None
    assert volume(Reported("m", {"volume": {"common": 0, "curves": [], "contrasts": []}})) is None
