"""Numbers of a non-determinism report as text, the names of its rows, and its series along a parameter."""

from __future__ import annotations

import pytest

from leaderboard.web.charts.along import best_of_charts, parameter_charts, pass_charts, series
from leaderboard.web.charts.reported import Reported, number, percent, signed, signed_interval, with_error
from leaderboard.web.charts.splits import split_charts, unsplit
from leaderboard.web.charts.tables import flips, scores, variances
from leaderboard.web.charts.wording import frontier_chart, length_chart


def row(strategy: str, label: str = "", **params: float) -> dict:
    label = label or f"{strategy} {params}"
    return {"slug": label.replace(" ", "-"), "label": label, "strategy": strategy, "params": params}


@pytest.mark.parametrize(("share", "text"), [(0.12345, "+12.3"), (-0.05, "−5.0"), (-0.0001, "0.0"), (None, "–")])
def test_differences_have_a_sign_unless_they_round_to_zero(share, text):
    assert signed(share) == text


def test_what_is_not_known_is_a_dash():
    assert (number(None), with_error(None, None), percent(None)) == ("–", "–", None)
    assert (number(0.12345), with_error(0.5, None), with_error(0.5, 0.0123)) == ("12.3", "50.0", "50.0 ± 1.2")
    assert signed_interval({"low": None, "high": 1.0}) == "–"
    assert signed_interval({"low": -0.01, "high": 0.02}) == "−1.0 to +2.0"


def test_percent_drops_the_noise_of_the_last_digits():
    assert percent(0.07) == 7.0 and 100 * 0.07 != 7.0


def test_configurations_with_one_label_are_told_apart():
    rows = [{"slug": "a", "label": "T 1"}, {"slug": "b", "label": "T 1"}, {"slug": "c", "label": "greedy"}]
    assert Reported("m", {"entries": rows}).names == {"a": "T 1 (a)", "b": "T 1 (b)", "c": "greedy"}


def test_the_interval_of_a_mean_ends_at_0_and_100():
    report = Reported("m", {"confidence": 0.95})
    assert report.interval({"mean": 0.5, "se": 0.1}) == pytest.approx((30.4003602, 69.5996398))
    assert report.interval({"mean": 0.99, "se": 0.1})[1] == 100.0
    assert report.interval({"mean": 0.01, "se": 0.1})[0] == 0.0
    assert report.interval({"mean": 0.5, "se": None}) == (None, None)


def test_series_differ_in_the_parameter_alone():
    rows = [
        row("temperature", temperature=1.3, n=5),
        row("temperature", temperature=0.7, n=5),
        row("temperature", temperature=0.9, n=9),
        row("greedy", n=5),
    ]
    found = series(rows, "temperature")
    assert {name: [one["params"]["temperature"] for one in own] for name, own in found.items()} == {
        "temperature": [0.7, 1.3]
    }


def test_series_of_one_strategy_are_named_by_what_tells_them_apart():
    rows = [row("min-p", temperature=t, min_p=p, n=5) for p in (0.05, 0.1) for t in (1.0, 2.0)]
    rows += [row("top-p", temperature=t, p=0.9, n=5) for t in (1.0, 2.0)]
    assert list(series(rows, "temperature")) == ["min-p (min_p 0.05)", "min-p (min_p 0.1)", "top-p"]
    assert list(series(rows, "min_p")) == ["min-p (temperature 1.0)", "min-p (temperature 2.0)"]


@pytest.mark.parametrize(("count", "told"), [(8, False), (9, True)])
def test_curves_that_are_not_drawn_are_told_and_in_the_file(count, told):
    run = {"mean": 0.5, "se": 0.1, "runs": 2}
    rows = [row("a", temperature=t, p=p) | {"runs": run} for p in range(count) for t in (1.0, 2.0)]
    (chart,) = parameter_charts(Reported("m", {"entries": rows}))
    assert ("The first 8 of 9 curves are drawn" in chart.sentence) == told
    assert (len(chart.figure.curves), len(chart.table.rows)) == (8, 2 * count)


def test_a_curve_tells_where_it_begins_and_ends():
    rows = [row("a", temperature=t) | {"runs": {"mean": t / 4, "se": 0.01, "runs": 2}} for t in (1.0, 2.0, 3.0)]
    (chart,) = parameter_charts(Reported("m", {"entries": rows}))
    assert chart.text == "a: 25.0 ± 1.0 % at 1, 75.0 ± 1.0 % at 3."


def test_equal_values_are_no_series():
    assert series([row("a", "x", t=1.0), row("a", "y", t=1.0)], "t") == {}


def test_a_configuration_without_scores_keeps_its_line():
    (line,) = scores(Reported("m", {"entries": [row("greedy")]})).lines
    assert line.cells == ["–", "0", "–", "–", "–", "–", "–", "–"]


def test_a_level_of_variance_without_words_keeps_its_name():
    levels = [{"name": "prompt", "variance": 0.3, "share": 0.75}, {"name": "judge", "variance": 0.1, "share": 0.25}]
    rows = [row("greedy") | {"split": {"levels": levels, "total": 0.4}}]
    (chart,) = split_charts(Reported("m", {"entries": rows}))
    assert chart.text == "greedy {}: 75 % between prompts, 25 % judge."
    assert chart.figure.legend == [("between prompts", 10), ("judge", 4)]


def test_without_any_variance_there_is_no_split():
    rows = [row("greedy") | {"split": {"levels": [], "total": 0.0}}, row("T 1")]
    assert split_charts(Reported("m", {"entries": rows})) == []


def test_characters_stand_for_tokens_where_none_were_counted():
    lengths = {"tokens": {"value": None}, "chars": {"value": 12.5, "se": 0.5, "low": 11.5, "high": 13.5}}
    chart = length_chart(Reported("m", {"entries": [row("greedy") | {"lengths": lengths}]}))
    assert chart.text == "greedy {}: 12.5 ± 0.5 characters."
    assert chart.table.rows[0][2:8] == [None, None, None, 12.5, 11.5, 13.5]


def test_absent_levels_are_told_with_their_reasons_unless_another_configuration_has_them():
    def split(absent: dict, *names: str) -> dict:
        share = 1 / len(names)
        return {"levels": [{"name": n, "variance": 0.1, "share": share} for n in names], "total": 0.2, "absent": absent}

    judged = {"both": split({"seed": "one seed", "repeat": "once"}, "prompt", "order")}
    other = {"both": split({"repeat": "once"}, "prompt", "seed", "order")}
    rows = [row("T 1") | {"judged": judged}, row("T 2") | {"judged": other}]
    judges = [{"name": "both", "reason": ""}, {"name": "one", "reason": "One order."}]
    report = Reported("m", {"entries": rows, "judges": judges})
    (chart,) = split_charts(report)
    assert chart.name == "variance-both"
    assert "No level of repeats: once." in chart.sentence and "seeds" not in chart.sentence
    assert [name for name, _ in chart.figure.legend] == ["between prompts", "between seeds", "between a judge's orders"]
    assert unsplit(report) == [("one", "One order.")]
    listing = variances(report)["variance-both"]
    assert listing.heads == ["Configuration", "Between prompts, %", "Between seeds, %", "Between a judge's orders, %"]
    assert [line.cells for line in listing.lines] == [["50", "–", "50"], ["33", "33", "33"]]


def tradeoff(name: str, quality: float, diversity: float | None, *, on: bool) -> dict:
    def known(value: float | None) -> dict:
        ends = (None, None) if value is None else (value - 0.1, value + 0.1)
        return {"value": value, "se": None, "low": ends[0], "high": ends[1]}

    share = None if diversity is None else 0.5
    parts = {"quality": known(quality), "diversity": known(diversity), "eda": known(None)}
    return {"name": name, **parts, "on_frontier": on, "frontier_share": share}


def test_the_frontier_has_a_line_through_the_best_and_numbers_as_in_the_table():
    found = [tradeoff("a", 0.9, 0.2, on=True), tradeoff("b", 0.5, 0.1, on=False), tradeoff("c", 0.4, 0.6, on=True)]
    rows = [row("x", name) for name in "abc"]
    chart = frontier_chart(Reported("m", {"entries": rows, "tradeoffs": found}))
    assert [(spot.number, spot.on) for spot in chart.figure.spots] == [(1, True), (2, False), (3, True)]
    first, _, last = chart.figure.spots
    assert first.x < last.x and first.y < last.y
    assert chart.figure.line == f"{first.x},{first.y} {last.x},{last.y}"
    assert "2. b: score 50.0 %, diversity 10.0 %" in [spot.text for spot in chart.figure.spots]


@pytest.mark.parametrize("diverse", [(0.0, 0.0), (0.3, None)])
def test_without_two_places_or_any_diversity_there_is_no_frontier(diverse):
    found = [tradeoff(name, 0.5, value, on=False) for name, value in zip("ab", diverse, strict=True)]
    rows = [row("x", name) for name in "ab"]
    assert frontier_chart(Reported("m", {"entries": rows, "tradeoffs": found})) is None


def test_a_sampled_configuration_with_one_run_is_named():
    run = {"mean": 0.5, "se": None, "runs": 1}
    rows = [row("x", "greedy") | {"runs": run, "sampled": False}, row("x", "T 1") | {"runs": run, "sampled": True}]
    report = Reported("m", {"entries": rows})
    assert report.lone == ["T 1"]
    assert [line.cells[1] for line in scores(report).lines] == ["1", "1 run only"]


def curve(*values: float) -> list:
    return [[k, {"value": value, "low": None, "high": None}] for k, value in enumerate(values, 1)]


@pytest.mark.parametrize("right_wrong", [True, False])
def test_the_oracle_is_pass_at_k_for_right_or_wrong_alone(right_wrong):
    rows = [row("x", name) | {"right_wrong": right_wrong, "best_of": {"oracle": curve(0.5, 0.8)}} for name in "ab"]
    report = Reported("m", {"entries": rows})
    found = [(chart.name, [c.label for c in chart.figure.curves]) for chart in pass_charts(report)]
    assert found == ([("pass-at-k", ["a", "b"])] if right_wrong else [])
    legend = best_of_charts(report)[0].figure.curves[0].label
    assert legend == ("oracle, the same as pass@k (upper bound)" if right_wrong else "oracle (upper bound)")


def test_a_curve_over_one_k_is_no_curve():
    point = [1, {"value": 0.5, "low": None, "high": None}]
    assert best_of_charts(Reported("m", {"entries": [row("T 1") | {"best_of": {"oracle": [point]}}]})) == []


def test_a_pair_without_a_chance_comes_last():
    pair = {"label": "T 1", "first": "a", "second": "b", "greedy_difference": 0.1, "sampled_difference": 0.2}
    pairs = [pair | {"flipped": False, "chance": None}, pair | {"flipped": False, "chance": 0.25}]
    assert [(one.is_flipped, one.chance) for one in flips(pairs)] == [(False, "25.0 %"), (False, "–")]
