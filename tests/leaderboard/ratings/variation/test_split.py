"""The split of the variance into nested levels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from leaderboard.ratings.variation.split import split_variance
from tests.leaderboard.ratings.variation.strategies import VALUES, tables

NAN = float("nan")


def test_two_prompts_by_hand():
    found = split_variance([[1.0, 0.0], [1.0, 1.0]])
    prompt, sample = found.levels
    assert (prompt.name, prompt.variance, prompt.component) == ("prompt", 0.0625, 0.0)
    assert (sample.name, sample.variance, sample.component) == ("sample", 0.125, 0.25)
    assert (found.total, found.prompts) == (0.1875, 2)
    assert (prompt.share, sample.share) == pytest.approx((1 / 3, 2 / 3))


@given(tables(VALUES))
def test_the_levels_add_up_to_the_variance_of_all_scores(scores):
    found = split_variance(scores)
    assert found.total == pytest.approx(np.var(scores), abs=1e-9)
    assert sum(level.variance for level in found.levels) == pytest.approx(found.total)


@given(tables())
def test_with_gaps_the_total_is_the_variance_with_each_prompt_weighing_the_same(scores):
    found = split_variance(scores)
    known = ~np.isnan(scores)
    if not known.any():
        assert found is None
        return
    weight = np.where(known, 1.0, 0.0) / np.maximum(known.sum(axis=1, keepdims=True), 1) / known.any(axis=1).sum()
    values = np.where(known, scores, 0.0)
    mean = np.sum(weight * values)
    assert found.total == pytest.approx(np.sum(weight * (values - mean) ** 2), abs=1e-9)
    assert found.prompts == known.any(axis=1).sum()


def test_the_components_find_the_variances_that_made_the_scores():
    rng = np.random.default_rng(1)
    scores = (
        2.0 * rng.standard_normal((3000, 1, 1, 1))
        + 1.0 * rng.standard_normal((3000, 3, 1, 1))
        + 0.5 * rng.standard_normal((3000, 3, 2, 1))
        + 0.3 * rng.standard_normal((3000, 3, 2, 2))
    )
    found = split_variance(scores, ("seed", "sample", "repeat"))
    assert [level.name for level in found.levels] == ["prompt", "seed", "sample", "repeat"]
    assert [level.component for level in found.levels] == pytest.approx([4.0, 1.0, 0.25, 0.09], rel=0.1)


def test_a_fixed_order_adds_no_noise_to_the_level_above():
    rng = np.random.default_rng(2)
    samples = rng.standard_normal((4000, 4, 1))
    scores = samples + np.array([0.2, -0.2])
    fixed = split_variance(scores, ("sample", "order"), fixed=("order",))
    assert fixed.of("order").component == pytest.approx(0.04)
    assert fixed.of("sample").component == pytest.approx(1.0, rel=0.03)
    drawn = split_variance(scores, ("sample", "order"))
    assert drawn.of("order").component == pytest.approx(0.08)
    assert drawn.of("sample").component == pytest.approx(fixed.of("sample").component - 0.04)


def test_units_with_one_order_say_nothing_of_the_order():
    scores = np.random.default_rng(4).standard_normal((6, 3, 1)) + np.array([0.2, -0.2])
    scores[::2, :, 1] = NAN
    found = split_variance(scores, ("sample", "order"), fixed=("order",))
    assert found.of("order").component == pytest.approx(0.04)
    assert found.of("order").variance == pytest.approx(0.02)


def test_a_fixed_order_is_told_from_the_noise_of_repeats():
    noise = np.random.default_rng(3).standard_normal((3000, 2, 3))
    found = split_variance(noise + np.array([[0.5], [-0.5]]), ("order", "repeat"), fixed=("order",))
    assert found.of("order").component == pytest.approx(0.25, rel=0.1)
    assert found.of("prompt").component == pytest.approx(0, abs=0.02)


def test_one_sample_leaves_prompt_and_noise_untold():
    found = split_variance([[1.0], [0.0]])
    assert [level.variance for level in found.levels] == [0.25, 0.0]
    assert [level.component for level in found.levels] == [None, None]


def test_one_prompt_has_no_component_between_prompts():
    found = split_variance([[1.0, 0.0]])
    assert found.of("prompt").component is None
    assert found.of("sample").component == 0.5


def test_equal_scores_have_no_shares():
    assert [level.share for level in split_variance(np.ones((2, 2))).levels] == [None, None]


@pytest.mark.parametrize("scores", [np.zeros((0, 3)), np.zeros((3, 0)), np.full((2, 2), NAN)])
def test_nothing_scored_has_no_split(scores):
    assert split_variance(scores) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.zeros((2, 2)), ("seed", "sample")), "one axis for the prompts"),
        ((np.zeros((2, 2)), ("prompt",)), "a name of its own"),
        ((np.zeros((2, 2, 2)), ("a", "a")), "a name of its own"),
        ((np.zeros((2, 2)), ("sample",), ("order",)), "one of the factors"),
        ((np.full((2, 2), np.inf),), "finite or NaN"),
    ],
)
def test_a_split_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        split_variance(*arguments)


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="no level 'order'"):
        split_variance(np.ones((2, 2))).of("order")
