"""Intervals on one scale."""

from __future__ import annotations

from leaderboard.models import Standing
from leaderboard.web.charts.whiskers import Whisker, measure, whiskers


def row(pk: int, **numbers: float) -> Standing:
    return Standing(pk=pk, **numbers)


def test_each_rater_is_drawn_by_what_it_ranks():
    names = [measure(rater) for rater in ("win-rate", "length-controlled", "bradley-terry", "of-a-guest")]
    assert names == ["win_rate", "lc", "rating", "rating"]
    assert measure("win-rate", style=True) == "style_rating"


def test_whiskers_share_one_scale():
    rows = [row(1, rating=1000, rating_low=900, rating_high=1100), row(2, rating=700, rating_low=700, rating_high=800)]
    found = whiskers(rows, "rating")
    assert found[1] == Whisker("117.0", "80.0", "154.0", "80.0", "1000.0, 95 % interval 900.0 to 1100.0")
    assert (found[2].low, found[2].high) == ("6.0", "43.0")


def test_a_rate_in_percent_has_its_middle_at_50():
    found = whiskers([row(1, lc=80, lc_low=75, lc_high=87)], "lc")
    assert (found[1].middle, found[1].high) == ("6.0", "154.0")
    assert found[1].text == "80.0 %, 95 % interval 75.0 to 87.0 %"


def test_without_a_number_there_is_no_whisker_and_without_ends_a_dot():
    found = whiskers([row(1), row(2, style_rating=1000)], "style_rating")
    assert list(found) == [2]
    assert (found[2].low, found[2].at, found[2].text) == ("80.0", "80.0", "1000.0, no interval")
