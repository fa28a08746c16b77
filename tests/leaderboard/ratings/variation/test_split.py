"""The split of the variance into nested levels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.variation.resampling import Bootstrap, Draws
from leaderboard.ratings.variation.split import by_seed, split_variance
from tests.leaderboard.ratings.variation.strategies import VALUES, judged, tables

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


@given(tables())
def test_shares_and_their_intervals_lie_on_the_scale(scores):
    found = split_variance(scores, plan=Bootstrap(50, 1))
    for level in found.levels if found else ():
        assert (level.low is None) == (level.high is None)
        assert level.low is None or 0 <= level.low <= level.high <= 1


def test_each_replicate_is_the_split_of_the_prompts_that_it_drew():
    scores = judged(12, 5, 3)
    plan = Bootstrap(40, 2, confidence=0.9)
    shares = []
    for weight in Draws.of(12, plan).weight:
        drawn = split_variance(np.repeat(scores, weight.astype(int), axis=0))
        shares.append([level.share for level in drawn.levels])
    wanted = np.quantile(shares, [0.05, 0.95], axis=0)
    found = split_variance(scores, plan=plan)
    assert [level.low for level in found.levels] == pytest.approx(wanted[0])
    assert [level.high for level in found.levels] == pytest.approx(wanted[1])


@pytest.mark.parametrize("scores", [[[1.0, 0.0]], [[1.0], [1.0]], [[NAN], [1.0]]])
def test_one_prompt_or_no_variance_has_no_interval(scores):
    assert all(level.low is None for level in split_variance(scores, plan=Bootstrap(20)).levels)


@given(tables(), st.lists(st.integers(0, 3), min_size=36, max_size=36))
def test_samples_are_set_apart_by_seed_and_none_is_lost(scores, labels):
    seeds = np.array(labels[: scores.size]).reshape(scores.shape)
    found = by_seed(scores, seeds)
    used = [seed for seed in np.unique(seeds) if np.any(~np.isnan(scores[seeds == seed]))]
    assert found.shape[:2] == (len(scores), len(used))
    for place, seed in enumerate(used):
        for row, of_seed, table in zip(scores, seeds, found[:, place], strict=True):
            kept = row[(of_seed == seed) & ~np.isnan(row)]
            assert table[~np.isnan(table)].tolist() == kept.tolist()


@pytest.mark.parametrize("seeds", [[[1, 2]], [[0.5], [1.0]]])
def test_seeds_that_do_not_fit_are_refused(seeds):
    with pytest.raises(ValueError, match="whole numbers"):
        by_seed([[1.0], [0.0]], seeds)
