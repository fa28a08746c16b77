from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.deciding import (
    Contrast,
    Separation,
    covariance_neighbours,
    neighbours,
    paired_contrast,
    separations,
    win_rate_neighbours,
)
from leaderboard.ratings.pairs import count_pairs
from leaderboard.ratings.strengths import fit
from leaderboard.ratings.win_rate import Side

THETA = np.array([0.45, 0.35, 0.0, -0.8])
TIES = 0.4


def duel(rng: np.random.Generator, a: np.ndarray, b: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Credits with a tie share that leaves the expected credit as Bradley–Terry has it."""
    p = 1 / (1 + np.exp(theta[b] - theta[a]))
    tie = TIES * 2 * np.minimum(p, 1 - p)
    u = rng.random(len(a))
    return np.where(u < p - tie / 2, 1.0, np.where(u < p + tie / 2, 0.5, 0.0))


def arena(n: int = 800, seed: int = 3) -> Battles:
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 4, n)
    b = (a + rng.integers(1, 4, n)) % 4
    return Battles(("w", "x", "y", "z"), a, b, duel(rng, a, b, THETA), np.arange(n))


def joined(first: Battles, second: Battles) -> Battles:
    columns = [np.concatenate([getattr(first, c), getattr(second, c)]) for c in ("a", "b", "credit")]
    return Battles(first.names, *columns, np.arange(len(columns[0])))


def on_prompts(credit: list[float], start: int = 0) -> Side:
    return Side(np.array(credit), np.arange(start, start + len(credit)))


def one(difference: float, se: float, rate: float | None = 1.0) -> Contrast:
    return Contrast("a", "b", difference, se, rate)


def test_chance_and_p_value_are_normal() -> None:
    (found,) = separations([one(10.0, 5.0)], 0.95)
    assert found.chance == pytest.approx(norm.cdf(2))
    assert found.p_value == pytest.approx(2 * norm.sf(2))
    assert (found.decided, found.more) == (True, 0)


def test_the_higher_of_the_two_is_the_better() -> None:
    (found,) = separations([one(-10.0, 5.0)], 0.95)
    assert (found.better, found.worse, found.difference) == ("b", "a", 10.0)


def test_neighbours_are_corrected_for_their_number() -> None:
    alone = separations([one(10.5, 5.0)], 0.95)
    among = separations([one(10.5, 5.0), one(1.0, 5.0)], 0.95)
    assert alone[0].decided
    assert not among[0].decided
    assert among[0].p_holm == pytest.approx(2 * alone[0].p_value)


def test_an_unknown_spread_does_not_count_in_the_correction() -> None:
    found = separations([one(10.5, 5.0), Contrast("c", "d", 3.0, None, note="Why.")], 0.95)
    assert found[0].decided
    assert found[1] == Separation("c", "d", 3.0, None, None, None, None, False, None, "Why.")


def test_power_a_half_needs_what_brings_the_difference_to_the_critical_value() -> None:
    (found,) = separations([one(1.0, 1.0, 0.01)], 0.95, power=0.5)
    assert found.more == math.ceil((norm.ppf(0.975) ** 2 - 1) / 0.01)


@given(st.floats(0.1, 10), st.floats(1, 50), st.floats(0.55, 0.99))
def test_more_power_needs_more_judgments(difference: float, se: float, power: float) -> None:
    little, much = (separations([one(difference, se, 1e-3)], 0.99, power=p)[0].more for p in (0.5, power))
    assert little is not None
    assert much is not None
    assert little <= much


@given(st.lists(st.floats(0.2, 4), min_size=2, max_size=6))
def test_the_named_number_is_what_holm_asks_for(z: list[float]) -> None:
    contrasts = [one(value, 1.0, 1e-4) for value in z]
    for place, found in enumerate(separations(contrasts, 0.95, power=0.5)):
        if found.more:
            grown = [
                one(c.difference, (1 + (i == place) * found.more * 1.0002e-4) ** -0.5) for i, c in enumerate(contrasts)
            ]
            assert separations(grown, 0.95)[place].decided


def test_no_difference_is_never_decided_and_says_so() -> None:
    (found,) = separations([one(0.0, 5.0)], 0.95)
    assert (found.chance, found.p_value, found.decided, found.more) == (0.5, 1.0, False, None)
    assert "difference is 0" in found.note


def test_a_hopeless_difference_gets_no_number() -> None:
    (found,) = separations([one(1e-6, 5.0)], 0.95)
    assert found.more is None
    assert "too small" in found.note


@pytest.mark.parametrize(("confidence", "power"), [(0.5, 0.8), (1.0, 0.8), (0.95, 0.4), (0.95, 1.0)])
def test_refuses_odd_settings(confidence: float, power: float) -> None:
    with pytest.raises(ValueError, match="must"):
        separations([one(1.0, 1.0)], confidence, power=power)


def test_bradley_terry_neighbours_take_the_contrast_of_the_fit() -> None:
    found, order = fit(arena()), [0, 1, 2, 3]
    for (i, j), separation in zip(pairwise(order), neighbours(found, order), strict=True):
        assert separation.se == found.contrast_se(i, j)
        assert {separation.better, separation.worse} == {found.names[i], found.names[j]}


def test_ties_lower_the_number_of_battles_needed() -> None:
    battles = arena()
    plain, tied = (neighbours(fit(battles), [0, 1], table=t)[0].more for t in (None, count_pairs(battles)))
    assert plain is not None
    assert tied is not None
    assert 0.5 * plain < tied < 0.9 * plain


def test_as_many_battles_as_named_decide_with_the_power_promised() -> None:
    battles = arena()
    now = fit(battles)
    (before,) = neighbours(now, [0, 1], table=count_pairs(battles), power=0.8)
    assert before.more is not None
    rng = np.random.default_rng(1)
    a, b = np.zeros(before.more, dtype=np.int64), np.ones(before.more, dtype=np.int64)
    rounds = 200
    decided = 0
    for _ in range(rounds):
        added = Battles(now.names, a, b, duel(rng, a, b, now.theta), a)
        (after,) = neighbours(fit(joined(battles, added)), [0, 1])
        decided += after.decided and after.better == before.better
    assert decided / rounds == pytest.approx(0.8, abs=0.1)


def test_entries_on_different_scales_are_not_compared() -> None:
    rows = [(0, 1, 1.0, 0), (1, 0, 1.0, 1), (2, 3, 1.0, 2), (3, 2, 1.0, 3)]
    (found,) = neighbours(fit(Battles.of("abcd", rows)), [1, 2])
    assert (found.se, found.p_value, found.decided, found.more) == (None, None, False, None)
    assert "cannot be compared" in found.note


def test_ties_alone_show_no_spread() -> None:
    (found,) = neighbours(fit(Battles.of("ab", [(0, 1, 0.5, 0), (0, 1, 0.5, 1)])), [0, 1])
    assert (found.p_value, found.decided, found.more) == (None, False, None)
    assert "no spread" in found.note


def test_an_order_that_repeats_is_refused() -> None:
    with pytest.raises(ValueError, match="at most once"):
        neighbours(fit(arena()), [0, 1, 0])


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=40))
def test_paired_contrast_is_the_mean_and_error_of_the_differences(rows: list[tuple[float, float]]) -> None:
    first, second = np.array(rows).T
    found = paired_contrast(("a", "b"), on_prompts(list(first)), on_prompts(list(second)))
    gaps = 100 * (first - second)
    assert found.difference == pytest.approx(gaps.mean(), abs=1e-9)
    assert found.se == pytest.approx(gaps.std(ddof=1) / math.sqrt(len(gaps)), abs=1e-9)


def test_sides_on_different_prompts_add_their_variances() -> None:
    first, second = [1.0, 0.0, 1.0, 0.5], [0.0, 0.0, 1.0]
    found = paired_contrast(("a", "b"), on_prompts(first), on_prompts(second, start=10))
    variance = np.var(first) / 4 + np.var(second) / 3
    assert found.se == pytest.approx(100 * math.sqrt(7 / 6 * variance))


def test_a_baseline_is_fifty_points_exactly() -> None:
    side = on_prompts([1.0, 0.0, 1.0, 1.0])
    (found,) = win_rate_neighbours(["m", "base"], [side, on_prompts([])], [0, 1], baseline="base")
    assert (found.better, found.difference) == ("m", 25.0)
    assert found.se == pytest.approx(100 * np.std(side.credit, ddof=1) / 2)


def test_a_side_without_battles_cannot_be_compared() -> None:
    (found,) = win_rate_neighbours(["m", "n"], [on_prompts([1.0]), on_prompts([])], [0, 1])
    assert (found.se, found.decided, found.note) == (None, False, "One of them has no battles.")


def test_equal_differences_on_every_prompt_fall_to_the_sign_test() -> None:
    (found,) = win_rate_neighbours("ab", [on_prompts([1.0] * 8), on_prompts([0.0] * 8)], [0, 1])
    assert (found.p_value, found.decided) == (0.5**7, True)
    (few,) = win_rate_neighbours("ab", [on_prompts([1.0] * 3), on_prompts([0.0] * 3)], [0, 1])
    assert (few.p_value, few.decided) == (0.25, False)


def test_as_many_prompts_as_named_decide_with_the_power_promised() -> None:
    rng = np.random.default_rng(4)
    first = rng.random(150)
    second = np.clip(first + rng.normal(-0.03, 0.3, 150), 0, 1)
    (before,) = win_rate_neighbours("ab", [on_prompts(list(first)), on_prompts(list(second))], [0, 1], power=0.8)
    assert not before.decided
    assert before.more is not None
    prompts, rounds, decided = round(before.more / 2), 300, 0
    for _ in range(rounds):
        drawn = np.concatenate([np.arange(150), rng.integers(0, 150, prompts)])
        (after,) = win_rate_neighbours("ab", [on_prompts(list(s[drawn])) for s in (first, second)], [0, 1])
        decided += after.decided and after.better == before.better
    assert decided / rounds == pytest.approx(0.8, abs=0.08)


def test_any_estimates_with_a_joint_covariance() -> None:
    covariance = np.array([[4.0, 1.5, 0.0], [1.5, 1.0, 0.0], [0.0, 0.0, np.nan]])
    first, second = covariance_neighbours("abc", np.array([9.0, 5.0, 1.0]), covariance, [0, 1, 2])
    assert first.se == pytest.approx(math.sqrt(2))
    assert first.decided
    assert (second.se, second.more) == (None, None)


def test_estimates_that_do_not_fit_their_covariance_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(K, K\)"):
        covariance_neighbours("ab", np.zeros(2), np.zeros((3, 3)), [0, 1])
