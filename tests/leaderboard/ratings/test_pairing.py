from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from leaderboard.ratings.active import gains
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.pairing import PATIENCE, Sampling, probabilities, shares
from leaderboard.ratings.strengths import fit
from tests.leaderboard.ratings.strategies import any_battles, random_battles, relabelled

PLAIN = Sampling(least=0.0)


def everyone(size: int) -> np.ndarray:
    return ~np.eye(size, dtype=bool)


def seen_in(battles: Battles) -> np.ndarray:
    size = len(battles.names)
    seen = np.zeros((size, size))
    np.add.at(seen, (battles.a, battles.b), 1)
    return seen + seen.T


def chances_of(battles: Battles, rule: Sampling = PLAIN, allowed: np.ndarray | None = None) -> np.ndarray:
    allowed = everyone(len(battles.names)) if allowed is None else allowed
    return probabilities(battles.names, allowed, seen_in(battles), fit(battles), rule)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Battles, np.ndarray, Sampling]:
    battles = draw(any_battles())
    names, size = battles.names, len(battles.names)
    upper = np.triu(np.array(draw(st.lists(st.booleans(), min_size=size**2, max_size=size**2))).reshape(size, size), 1)
    upper[0, 1] = True
    by_entry = st.dictionaries(st.sampled_from(names), st.floats(0.01, 100))
    rule = Sampling(
        uniform=draw(st.floats(0.01, 1)),
        sharpness=draw(st.floats(1, 8)),
        most=draw(st.floats(0.01, 1)),
        weights=draw(by_entry),
        least=draw(st.floats(0, 0.9)),
        least_of=draw(st.dictionaries(st.sampled_from(names), st.floats(0, 0.9))),
    )
    return battles, upper | upper.T, rule


@given(cases(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_distribution_over_the_allowed_pairs_with_sides_by_coin(
    case: tuple[Battles, np.ndarray, Sampling], fitted: bool
) -> None:
    battles, allowed, rule = case
    found = probabilities(battles.names, allowed, seen_in(battles), fit(battles) if fitted else None, rule)
    assert found.sum() == pytest.approx(1)
    assert found == pytest.approx(found.T, rel=1e-12, abs=0)
    assert np.array_equal(found > 0, allowed)


@given(cases())
@settings(max_examples=150, deadline=None)
def test_every_entry_gets_its_least_share(case: tuple[Battles, np.ndarray, Sampling]) -> None:
    battles, allowed, rule = case
    found = shares(chances_of(battles, rule, allowed))
    alike = shares(allowed / allowed.sum())
    least = np.array([rule.least_of.get(name, rule.least) for name in battles.names])
    assert np.all(found >= least * alike - 1e-9)
    assert found.sum() == pytest.approx(2)


@given(any_battles(), st.permutations(range(6)))
@settings(deadline=None)
def test_the_order_of_the_entries_does_not_matter(battles: Battles, order: list[int]) -> None:
    order = [place for place in order if place < len(battles.names)]
    rule = Sampling(weights={battles.names[0]: 3.0})
    turned = chances_of(relabelled(battles, order), rule)
    assert turned == pytest.approx(chances_of(battles, rule)[np.ix_(order, order)], rel=1e-4, abs=1e-9)


@given(any_battles())
def test_a_uniform_share_of_one_draws_every_pair_alike(battles: Battles) -> None:
    allowed = everyone(len(battles.names))
    assert chances_of(battles, Sampling(uniform=1.0)) == pytest.approx(allowed / allowed.sum())


def test_without_a_fit_the_pairs_seen_least_share_all_but_the_uniform_part() -> None:
    seen = np.array([[0, 4, 1, 1], [4, 0, 3, 2], [1, 3, 0, 9], [1, 2, 9, 0]], dtype=float)
    found = probabilities(list("abcd"), everyone(4), seen, None, Sampling(uniform=0.4, most=1.0, least=0.0))
    assert found[0, 2] == found[0, 3] == pytest.approx(0.6 / 4 + 0.4 / 12)
    assert found[0, 1] == found[2, 3] == pytest.approx(0.4 / 12)


def test_all_but_the_uniform_share_follows_the_power_of_the_gain() -> None:
    battles = random_battles(600, 6)
    gain = gains(fit(battles))
    found = chances_of(battles, Sampling(uniform=0.3, sharpness=3.0, most=1.0, least=0.0))
    wanted = 0.7 * gain**3 / (gain**3).sum() + 0.3 * everyone(6) / 30
    assert found == pytest.approx(wanted)


def test_pairs_that_cannot_be_shown_leave_the_proportions_of_the_others_alone() -> None:
    battles = random_battles(600, 6)
    allowed = everyone(6)
    allowed[0, 1] = allowed[1, 0] = False
    rule = Sampling(uniform=1e-9, most=1.0, least=0.0)
    whole, part = chances_of(battles, rule), chances_of(battles, rule, allowed)
    ratio = part[allowed] / whole[allowed]
    assert ratio == pytest.approx(ratio[0])


def a_newcomer(lost: int) -> Battles:
    """Four entries that met often, and one that lost all of `lost` battles against the first."""
    old = random_battles(400, 4, seed=3)
    more = (np.full(lost, 4), np.zeros(lost, dtype=int), np.zeros(lost))
    a, b, credit = (np.concatenate([x, y]) for x, y in zip((old.a, old.b, old.credit), more, strict=True))
    return Battles((*old.names, "new"), a, b, credit, np.arange(len(a)))


def test_a_newcomer_is_connected_first() -> None:
    found = chances_of(a_newcomer(0), Sampling(uniform=0.2, most=1.0, least=0.0))
    assert found[4, :4] == pytest.approx(0.8 / 8 + 0.2 / 20)
    assert found[0, 1] == pytest.approx(0.2 / 20)


def test_a_newcomer_that_only_loses_does_not_take_the_draws_for_good() -> None:
    rule = Sampling(uniform=0.2, most=1.0, least=0.0)
    assert shares(chances_of(a_newcomer(PATIENCE - 1), rule))[4] > 0.8
    assert shares(chances_of(a_newcomer(PATIENCE), rule))[4] == pytest.approx(0.2 * 2 / 5)


def test_a_lone_tie_does_not_count_as_full_knowledge_of_a_newcomer() -> None:
    old = random_battles(4000, 4, seed=3)
    columns = [np.append(getattr(old, name), value) for name, value in (("a", 4), ("b", 0), ("credit", 0.5))]
    battles = Battles((*old.names, "new"), *columns, np.arange(4001))
    assert fit(battles).covariance[4, 4] < fit(battles).covariance[0, 0] * 2
    assert shares(chances_of(battles, Sampling(uniform=0.2, most=1.0, least=0.0)))[4] > 0.8


def test_scales_that_never_met_are_connected_however_well_each_is_known() -> None:
    left, right = random_battles(300, 3, seed=1), random_battles(300, 3, seed=2)
    columns = [
        np.concatenate([getattr(left, name), getattr(right, name) + shift])
        for name, shift in (("a", 3), ("b", 3), ("credit", 0))
    ]
    found = chances_of(Battles(tuple("abcdef"), *columns, np.arange(600)), Sampling(most=1.0, least=0.0))
    assert found[:3, 3:].sum() * 2 == pytest.approx(0.8 + 0.2 * 9 / 15)


def test_the_gain_gives_no_pair_more_than_the_most() -> None:
    battles = a_newcomer(0)
    rule = Sampling(uniform=0.01, most=0.2, least=0.0)
    found = 2 * chances_of(battles, rule)
    assert found.max() == pytest.approx(0.99 * 0.2 + 0.01 / 10)
    assert found[0, 1] == pytest.approx(0.99 * 0.2 / 6 + 0.01 / 10)


def test_a_weight_multiplies_the_odds_of_every_pair_of_the_entry() -> None:
    battles = random_battles(600, 6)
    plain = chances_of(battles)
    found = chances_of(battles, Sampling(least=0.0, weights={"m2": 5.0, "m4": 2.0}))
    odds = (found / found[0, 1])[everyone(6)] / (plain / plain[0, 1])[everyone(6)]
    weight = np.array([1, 1, 5, 1, 2, 1])
    assert odds == pytest.approx(np.outer(weight, weight)[everyone(6)])


def test_a_least_share_keeps_the_proportions_of_pairs_that_it_does_not_touch() -> None:
    battles = random_battles(600, 6)
    rare = Sampling(least=0.0, weights={"m2": 0.01})
    raised = Sampling(least=0.0, weights={"m2": 0.01}, least_of={"m2": 0.5})
    before, after = chances_of(battles, rare), chances_of(battles, raised)
    assert shares(before)[2] < 0.01
    assert shares(after)[2] == pytest.approx(0.5 * 2 / 6)
    others = np.ix_([0, 1, 3, 4, 5], [0, 1, 3, 4, 5])
    assert after[others] / after[0, 1] == pytest.approx(before[others] / before[0, 1])


def test_three_hundred_entries_at_once() -> None:
    battles = random_battles(20_000, 300)
    names = [f"m{i}" for i in range(300)]
    found = chances_of(battles, Sampling(weights=dict.fromkeys(names[:100], 0.05), least=0.5))
    assert found.sum() == pytest.approx(1)
    assert shares(found).min() >= 0.5 * 2 / 300 - 1e-12


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"uniform": 0.0}, "greater than 0"),
        ({"least": 0.95}, "less than or equal to 0.9"),
        ({"weights": {"a": 0.0}}, "A weight lies between 0.01 and 100"),
        ({"least_of": {"a": 1.0}}, "A least share lies between 0 and 0.9"),
        ({"sharpnes": 2}, "Extra inputs"),
    ],
)
def test_settings_out_of_range_are_refused(given: dict[str, object], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        Sampling(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("allowed", "seen", "word"),
    [
        (everyone(3), np.zeros((2, 2)), "same entries"),
        (np.triu(everyone(3)), np.zeros((3, 3)), "symmetric"),
        (np.ones((3, 3), dtype=bool), np.zeros((3, 3)), "meets itself"),
        (np.zeros((3, 3), dtype=bool), np.zeros((3, 3)), "no pair can be shown"),
    ],
)
def test_pairs_that_make_no_sense_are_refused(allowed: np.ndarray, seen: np.ndarray, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        probabilities(list("abc"), allowed, seen)


def test_a_fit_of_others_is_refused() -> None:
    battles = random_battles(50, 3)
    with pytest.raises(ValueError, match="same entries"):
        probabilities(["m0", "m2", "m1"], everyone(3), seen_in(battles), fit(battles))
