from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.strengths import Fit, fit
from leaderboard.ratings.voter_tests import TargetTest, VoterTest, target_tests, voter_tests
from tests.leaderboard.ratings import reference
from tests.leaderboard.ratings.strategies import any_battles, swapped

NAMES = ("a", "b", "c")


def fixed(theta: list[float], component: list[int] | None = None) -> Fit:
    """A fit with given logits, as if from endless other votes."""
    size, count = len(theta), np.zeros(len(theta), dtype=np.int64)
    labels = np.array(component or [0] * size)
    found = fit(Battles.of(NAMES[:size], []))
    return dataclasses.replace(
        found,
        component=labels,
        theta=np.array(theta),
        covariance=np.zeros((size, size)),
        n=count,
        used=count,
        clusters=count,
    )


def votes(rows: list[tuple[int, int, float]]) -> Battles:
    return Battles.of(NAMES, [(*row, place) for place, row in enumerate(rows)])


def people(*labels: str) -> np.ndarray:
    return np.array(labels)


def two(rng: np.random.Generator, n: int, theta: np.ndarray) -> Battles:
    size = len(theta)
    a = rng.integers(0, size, n)
    b = (a + rng.integers(1, size, n)) % size
    credit = (rng.random(n) < 1 / (1 + np.exp(theta[b] - theta[a]))).astype(float)
    return Battles(tuple(f"m{i}" for i in range(size)), a, b, credit, np.arange(n))


def test_position_and_information_by_hand() -> None:
    # p = .8 for each; residuals .2, −.8, .2; φ = (.04 + .64 + .04)/(3 · .16) = 1.5
    battles = votes([(0, 1, 1.0), (0, 1, 0.0), (0, 1, 1.0)])
    (found,) = voter_tests(battles, fixed([np.log(4), 0.0, 0.0]), people("v", "v", "v"), least_votes=1)
    z = -0.4 / np.sqrt(1.5 * 3 * 0.16)
    assert (found.position_z, found.information_z) == (pytest.approx(z), pytest.approx(z))
    assert found.position_p == pytest.approx(2 * norm.cdf(z))
    assert found.information_p == pytest.approx(norm.cdf(z))
    assert (found.voter, found.n, found.flags) == ("v", 3, ())


def test_always_left_is_flagged_for_position() -> None:
    battles = votes([(0, 1, 1.0)] * 12 + [(0, 1, 1.0), (0, 1, 0.0)] * 40)
    found = voter_tests(battles, fixed([0.0, 0.0, 0.0]), people(*["left"] * 12, *["fair"] * 80))
    assert {test.voter: test.flags for test in found} == {"left": ("position",), "fair": ()}


def test_voting_against_the_better_side_is_flagged_as_uninformative() -> None:
    rows = [(0, 1, 0.0), (1, 0, 1.0)] * 10 + [(0, 1, 1.0), (1, 0, 0.0)] * 60
    found = voter_tests(votes(rows), fixed([1.5, 0.0, 0.0]), people(*["odd"] * 20, *["fair"] * 120))
    assert {test.voter: test.flags for test in found} == {"odd": ("uninformative",), "fair": ()}


def test_voters_with_few_votes_are_left_out() -> None:
    battles = votes([(0, 1, 1.0), (0, 1, 0.0)] * 5 + [(0, 1, 1.0)] * 9)
    found = voter_tests(battles, fixed([0.0, 0.0, 0.0]), people(*["ten"] * 10, *["nine"] * 9))
    assert [(test.voter, test.n) for test in found] == [("ten", 10)]


def test_votes_between_different_scales_do_not_count() -> None:
    battles = votes([(0, 1, 1.0), (0, 2, 1.0), (0, 1, 0.0)])
    (found,) = voter_tests(battles, fixed([0.0, 0.0, 0.0], [0, 0, 1]), people("v", "v", "v"), least_votes=1)
    assert found.n == 2
    assert {
        test.target for test in target_tests(battles, fixed([0.0] * 3, [0, 0, 1]), people(*"vvv"), least_votes=1)
    } == {
        "a",
        "b",
    }


def test_ties_alone_are_no_evidence() -> None:
    battles, flat = votes([(0, 1, 0.5)] * 12), fixed([0.0, 0.0, 0.0])
    (found,) = voter_tests(battles, flat, people(*["v"] * 12))
    assert (found.position_z, found.position_p, found.flags) == (0.0, 1.0, ())
    assert {test.p_value for test in target_tests(battles, flat, people(*["v"] * 12))} == {1.0}


def test_no_votes_give_no_tests() -> None:
    nothing, flat = votes([]), fixed([0.0, 0.0, 0.0])
    assert voter_tests(nothing, flat, np.array([])) == ()
    assert target_tests(nothing, flat, np.array([])) == ()


@pytest.mark.parametrize("test", [voter_tests, target_tests])
@pytest.mark.parametrize(
    ("options", "labels", "message"),
    [
        ({}, ["v", "w"], "one label"),
        ({"alpha": 0.0}, ["v"], "alpha"),
        ({"alpha": 1.0}, ["v"], "alpha"),
        ({"least_votes": 0}, ["v"], "least_votes"),
    ],
)
def test_bad_input_is_refused(test: Any, options: dict[str, float], labels: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        test(votes([(0, 1, 1.0)]), fixed([0.0] * 3), np.array(labels), **options)


def test_a_fit_of_other_entries_is_refused() -> None:
    with pytest.raises(ValueError, match="same entries"):
        voter_tests(votes([(0, 1, 1.0)]), fixed([0.0, 0.0]), people("v"))


def numbers(tests: tuple[VoterTest, ...]) -> dict[Any, list[float]]:
    return {test.voter: [test.n, test.position_z, test.information_z] for test in tests}


@given(any_battles())
def test_swapping_the_sides_flips_position_and_keeps_information(battles: Battles) -> None:
    voter, found = battles.cluster % 3, fit(battles)
    before = numbers(voter_tests(battles, found, voter, least_votes=1))
    after = numbers(voter_tests(swapped(battles), found, voter, least_votes=1))
    for label, (n, position, information) in before.items():
        assert after[label] == pytest.approx([n, -position, information], abs=1e-6)


@given(any_battles(), st.randoms())
def test_the_order_of_rows_does_not_matter(battles: Battles, random: Any) -> None:
    assume(len(battles.a))
    order = np.array(random.sample(range(len(battles.a)), len(battles.a)))
    voter, found = battles.cluster % 3, fit(battles)
    before = numbers(voter_tests(battles, found, voter, least_votes=1))
    after = numbers(voter_tests(battles.take(order), found, voter[order], least_votes=1))
    assert after.keys() == before.keys()
    for label in before:
        assert after[label] == pytest.approx(before[label], abs=1e-6)


def by_cell(tests: tuple[TargetTest, ...]) -> dict[tuple[Any, str], TargetTest]:
    return {(test.cohort, test.target): test for test in tests}


@given(any_battles())
def test_swapping_the_sides_leaves_target_tests_alone(battles: Battles) -> None:
    cohort, found = battles.cluster % 2, fit(battles)
    before = by_cell(target_tests(battles, found, cohort, least_votes=1))
    after = by_cell(target_tests(swapped(battles), found, cohort, least_votes=1))
    assert after.keys() == before.keys()
    for key, test in before.items():
        assert after[key].z == pytest.approx(test.z, abs=1e-6)
        assert after[key].p_value == pytest.approx(test.p_value, abs=1e-6)


def test_excess_by_hand() -> None:
    # twelve of twelve at p = ½: Hoeffding gives 2⁻¹²; V = 12 · ¼ · φ
    battles = votes([(0, 1, 1.0), (1, 0, 0.0)] * 6 + [(0, 1, 1.0), (0, 1, 0.0)] * 50)
    tests = by_cell(target_tests(battles, fixed([0.0] * 3), people(*["gang"] * 12, *["rest"] * 100), alpha=0.01))
    found = tests["gang", "a"]
    assert (found.n, found.votes_for, found.expected) == (12, 12.0, 6.0)
    assert found.z == pytest.approx(6 / np.sqrt(3))
    assert found.p_value == pytest.approx(2.0**-12)
    assert found.p_holm == pytest.approx(4 * 2.0**-12)
    assert found.flagged
    assert {key for key, test in tests.items() if test.flagged} == {("gang", "a")}


def test_votes_against_an_entry_are_no_excess() -> None:
    battles = votes([(0, 1, 0.0)] * 12 + [(0, 1, 1.0), (0, 1, 0.0)] * 50)
    found = by_cell(target_tests(battles, fixed([0.0] * 3), people(*["gang"] * 12, *["rest"] * 100)))
    assert (found["gang", "a"].p_value, found["gang", "a"].flagged) == (1.0, False)
    assert found["gang", "b"].p_value < 0.001


@pytest.mark.parametrize("logit", [-3.0, -1.0, 0.0, 2.0])
def test_the_bound_is_never_below_the_exact_tail(logit: float) -> None:
    chance = 1 / (1 + np.exp(-logit))
    for wins in range(21):
        rows = [(0, 1, 1.0)] * wins + [(0, 1, 0.0)] * (20 - wins)
        # votes of others at the fitted chance keep φ near 1
        others = [(0, 1, 1.0)] * round(2000 * chance) + [(0, 1, 0.0)] * round(2000 * (1 - chance))
        labels = people(*["v"] * 20, *["w"] * len(others))
        found = by_cell(target_tests(votes([*rows, *others]), fixed([logit, 0.0, 0.0]), labels))["v", "a"]
        assert found.p_value >= 0.99 * binom.sf(wins - 1, 20, chance)


def test_honest_votes_are_flagged_as_seldom_as_promised() -> None:
    rng = np.random.default_rng(5)
    battles = two(rng, 60_000, np.linspace(-1.5, 1.5, 8))
    tests = voter_tests(battles, fit(battles), rng.integers(0, 1500, 60_000), alpha=0.01)
    flagged = [sum(flag in test.flags for test in tests) / len(tests) for flag in ("position", "uninformative")]
    assert flagged == pytest.approx([0.01, 0.01], abs=0.007)


SYNTHETIC = "synthetic_*.csv.gz"


def synthetic(root: Path) -> list[tuple[Battles, np.ndarray, dict[str, str], Path]]:
    found = []
    for path in sorted((root / "arena").glob(SYNTHETIC)):
        truth = path.with_name(path.name.replace(".csv.gz", "_truth_voters.csv"))
        if truth.exists():
            rows = [row for row in reference.read(path) if row["model_a"] != row["model_b"]]
            kind = {row["judge"]: row["kind"] for row in reference.read(truth)}
            found.append((reference.battles_of(rows), np.array([row["judge"] for row in rows]), kind, path))
    assert found, "no synthetic votes in the reference data"
    return found


@pytest.mark.reference
def test_bad_voters_of_the_synthetic_votes_are_found(reference_path: Path) -> None:
    for battles, voter, kind, _ in synthetic(reference_path):
        tests = voter_tests(battles, fit(battles), voter)
        left = [test for test in tests if kind[test.voter] == "always_a"]
        busy = [test for test in tests if kind[test.voter] == "random" and test.n >= 30]
        honest = [test for test in tests if kind[test.voter] == "honest"]
        assert left
        assert all("position" in test.flags for test in left)
        assert np.mean(["uninformative" in test.flags for test in busy]) > 0.5
        assert np.mean([bool(test.flags) for test in honest]) <= 0.006


@pytest.mark.reference
def test_riggers_who_share_a_network_are_found_with_their_target(reference_path: Path) -> None:
    for battles, voter, kind, path in synthetic(reference_path):
        # the riggers in one network, all others spread over twenty at random
        rng = np.random.default_rng(0)
        home = {name: "rig" if kind[name] == "target_only" else f"n{rng.integers(20)}" for name in sorted(kind)}
        tests = target_tests(battles, fit(battles), np.array([home[name] for name in voter]))
        models = reference.read(path.with_name(path.name.replace(".csv.gz", "_truth_models.csv")))
        target = {row["model"] for row in models if row["is_rig_target"] == "True"}
        assert {(test.cohort, test.target) for test in tests if test.flagged} == {("rig", name) for name in target}
