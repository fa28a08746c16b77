"""The human study and the benchmark runs of min-p, from the files at hand."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from leaderboard.ratings.variation.paired import PairedTest, paired_tests
from leaderboard.ratings.variation.volume import volume_of_totals
from tests.leaderboard.ratings.variation import published

pytestmark = pytest.mark.reference

ALPHA = 0.05
RIVALS = ("none", "top_p")
PUBLISHED_RATERS = 53
"""The study's own count of valid raters, for which the figures are known."""


@pytest.fixture(scope="module")
def ratings(reference_path: Path) -> dict[tuple[str, ...], dict[str, float]]:
    """By (setting, temperature, metric, truncation): the rating of each valid rater."""
    found: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    for row in published.rows(reference_path, "minp_human_study_v2_ratings.csv"):
        if row["valid_flag_in_source"] == "1":
            key = tuple(row[name] for name in ("setting", "temperature", "metric", "truncation"))
            found[key][row["rater"]] = float(row["score"])
    if len({rater for by_rater in found.values() for rater in by_rater}) != PUBLISHED_RATERS:
        pytest.skip("the figures are known for the whole study alone")
    return found


@pytest.fixture(scope="module")
def tests(ratings) -> dict[str, PairedTest]:
    """All declared arms: min-p against both rivals in every setting, temperature and metric."""
    comparisons = {}
    for *place, truncation in ratings:
        if truncation in RIVALS:
            raters = sorted(ratings[*place, truncation])
            sides = [[ratings[*place, arm].get(r, np.nan) for r in raters] for arm in ("min_p", truncation)]
            comparisons["/".join([*place, truncation])] = tuple(sides)
    return {test.label: test for test in paired_tests(comparisons, "greater")}


def test_the_mean_ratings_of_quality(tests):
    none, top_p = (tests[f"low/1.0/quality/{rival}"] for rival in RIVALS)
    means = none.second_mean, none.first_mean, top_p.second_mean
    assert means == pytest.approx((7.55, 7.06, 5.96), abs=0.005)


@pytest.mark.parametrize(("rivals", "uncorrected", "corrected"), [(RIVALS, 12, 7), (("none",), 3, 1)])
def test_how_many_tests_are_significant_before_and_after_correction(tests, rivals, uncorrected, corrected):
    assert len(tests) == 24
    chosen = [test for label, test in tests.items() if label.rsplit("/", 1)[1] in rivals]
    assert sum(test.p_value < ALPHA for test in chosen) == uncorrected
    assert sum(test.p_holm < ALPHA for test in chosen) == corrected


def test_the_benchmark_runs_at_equal_volume(reference_path):
    by_task: dict[tuple[str, ...], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in published.rows(reference_path, "minp_benchmark_runs.csv"):
        by_task[row["model"], row["task"], row["metric"]][row["truncation"]].append(float(row["score"]))
    assert by_task
    for strategies in by_task.values():
        found = volume_of_totals(strategies)
        assert found.common == min(map(len, strategies.values()))
        rng = np.random.default_rng(0)
        for curve in found.curves:
            scores = np.array(strategies[curve.strategy])
            assert [curve.best[0].value, curve.best[-1].value] == pytest.approx([scores.mean(), scores.max()])
            drawn = np.array([rng.permutation(scores)[: found.common].max() for _ in range(4000)])
            at_common = curve.best[found.common - 1].value
            assert at_common == pytest.approx(drawn.mean(), abs=5 * drawn.std() / 4000**0.5 + 1e-9)
