"""Style control: against a second implementation, invariances, and data whose truth is known."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.bradley_terry import BradleyTerry, BradleyTerryParams
from leaderboard.ratings.strengths import SCALE, fit
from leaderboard.ratings.style import StyledFit, features, fit_styled
from tests.leaderboard.ratings import reference
from tests.leaderboard.ratings.strategies import random_battles

NAMES = ("chars", "list")


def styled_battles(
    n: int = 800, beta: float = 0.8, clusters: int | None = None, seed: int = 2, ties: float = 0.2
) -> Battles:
    """Longer answers win more often than the strength of their side allows for."""
    rng = np.random.default_rng(seed)
    plain = random_battles(n, clusters=clusters, seed=seed)
    chars = rng.integers(50, 2000, (2, n)).astype(float)
    lists = rng.integers(0, 4, (2, n)).astype(float)
    x = (chars[0] - chars[1]) / chars.sum(axis=0)
    z = 0.5 * (plain.a.astype(float) - plain.b) + beta * x / np.sqrt(np.mean(x**2))
    credit = np.where(rng.random(n) < ties, 0.5, (rng.random(n) < 1 / (1 + np.exp(-z))) * 1.0)
    return dataclasses.replace(plain, credit=credit, measures={"chars": tuple(chars), "list": tuple(lists)})


def styled(battles: Battles, **more: float) -> StyledFit:
    return fit_styled(battles, fit(battles), NAMES, **more)


def slow_optimum(battles: Battles, ridge: float = 0.0) -> np.ndarray:
    x, _ = features(battles, NAMES)
    size = len(battles.names)

    def loss(w: np.ndarray) -> float:
        z = w[battles.a] - w[battles.b] + x @ w[size:]
        return float(
            np.sum(np.logaddexp(0, z) - battles.credit * z) + w[:size].sum() ** 2 + ridge / 2 * w[size:] @ w[size:]
        )

    return minimize(loss, np.zeros(size + 2), method="BFGS", options={"gtol": 1e-7}).x


def slow_covariance(battles: Battles, theta: np.ndarray, beta: np.ndarray) -> np.ndarray:
    x, _ = features(battles, NAMES)
    u = np.zeros((len(x), len(theta) + 2))
    u[np.arange(len(x)), battles.a] = 1
    u[np.arange(len(x)), battles.b] = -1
    u[:, len(theta) :] = x
    p = 1 / (1 + np.exp(-u @ np.concatenate([theta, beta])))
    scores = u * (battles.credit - p)[:, None]
    summed = np.array([scores[battles.labels == label].sum(axis=0) for label in np.unique(battles.labels)])
    bread = np.linalg.pinv((u * (p * (1 - p))[:, None]).T @ u)
    return bread @ summed.T @ summed @ bread


@pytest.mark.parametrize("ridge", [0.0, 20.0])
def test_the_optimum_is_that_of_a_second_implementation(ridge: float) -> None:
    battles = styled_battles()
    found = styled(battles, ridge=ridge)
    w = slow_optimum(battles, ridge)
    assert found.fit.theta == pytest.approx(w[:5], abs=1e-4)
    assert [e.beta for e in found.effects] == pytest.approx(w[5:], abs=1e-4)


@pytest.mark.parametrize("clusters", [None, 90])
def test_the_covariance_is_that_of_a_second_implementation(clusters: int | None) -> None:
    battles = styled_battles(400, clusters=clusters)
    found = styled(battles)
    slow = slow_covariance(battles, found.fit.theta, np.array([e.beta for e in found.effects]))
    assert found.fit.covariance == pytest.approx(slow[:5, :5], abs=1e-10)
    assert [e.se**2 for e in found.effects] == pytest.approx(np.diag(slow)[5:], rel=1e-8)


def test_a_known_effect_is_found_and_the_rest_is_not() -> None:
    chars, lists = styled(styled_battles(20_000, ties=0)).effects
    assert chars.beta == pytest.approx(0.8, abs=4 * chars.se)
    assert abs(lists.beta) < 4 * lists.se
    assert chars.se < 0.03


@given(st.integers(0, 2**16))
def test_swapping_the_sides_of_any_battles_changes_nothing(seed: int) -> None:
    battles = styled_battles(300)
    turn = np.random.default_rng(seed).random(300) < 0.5
    turned = dataclasses.replace(
        battles,
        a=np.where(turn, battles.b, battles.a),
        b=np.where(turn, battles.a, battles.b),
        credit=np.where(turn, 1 - battles.credit, battles.credit),
        measures={n: (np.where(turn, y, x), np.where(turn, x, y)) for n, (x, y) in battles.measures.items()},
    )
    one, two = styled(battles), styled(turned)
    assert one.fit.theta == pytest.approx(two.fit.theta, abs=1e-8)
    assert [vars(e) for e in one.effects] == [pytest.approx(vars(e), abs=1e-8) for e in two.effects]


def test_a_feature_that_never_differs_is_left_out_and_named() -> None:
    battles = styled_battles(400)
    same = dataclasses.replace(battles, measures={**battles.measures, "list": (np.ones(400), np.ones(400))})
    found = styled(same)
    assert ([e.name for e in found.effects], found.dropped) == (["chars"], ("list",))
    table = BradleyTerry(BradleyTerryParams(style=NAMES)).rate(same)
    assert "The measure 'list' never differs, so it is left out." in table.notes


def test_without_any_difference_it_is_the_plain_rating() -> None:
    battles = dataclasses.replace(styled_battles(400), measures={n: (np.ones(400), np.ones(400)) for n in NAMES})
    assert styled(battles).fit.theta == pytest.approx(fit(battles).theta, abs=1e-9)
    assert styled(battles).fit.covariance == pytest.approx(fit(battles).covariance, abs=1e-12)


def test_the_table_shows_effects_and_the_ranks_without_them() -> None:
    table = BradleyTerry(BradleyTerryParams(style=NAMES)).rate(styled_battles(2000))
    chars = table.extra["style"][0]
    assert chars["low"] < chars["beta"] < chars["high"]
    assert chars["high"] - chars["beta"] == pytest.approx(1.959964 * chars["se"], rel=1e-6)
    plain = BradleyTerry(BradleyTerryParams()).rate(styled_battles(2000)).by_name()
    assert table.extra["plain"]["m0"] == {
        "value": plain["m0"].value,
        "rank_low": plain["m0"].rank_low,
        "rank_high": plain["m0"].rank_high,
    }


def test_twins_cannot_be_told_apart() -> None:
    battles = styled_battles(300)
    twins = dataclasses.replace(battles, measures=dict.fromkeys(NAMES, battles.measures["chars"]))
    with pytest.raises(ValueError, match=r"cannot tell the features apart|no optimum"):
        styled(twins)


def test_a_feature_that_decides_every_battle_is_refused() -> None:
    battles = styled_battles(300)
    left, right = battles.measures["chars"]
    decided = dataclasses.replace(battles, credit=(left > right) * 1.0)
    with pytest.raises(ValueError, match="separate the verdicts"):
        styled(decided)


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_a_measure_must_be_a_count(bad: float) -> None:
    battles = styled_battles(300)
    broken = battles.measures["chars"][0].copy()
    broken[7] = bad
    with pytest.raises(ValueError, match="'chars' must be finite and not negative"):
        styled(dataclasses.replace(battles, measures={**battles.measures, "chars": (broken, broken)}))


def test_an_unknown_measure_is_named() -> None:
    with pytest.raises(ValueError, match=r"no measure 'emoji'\. Measures: chars, list\."):
        features(styled_battles(300), ("emoji",))


def test_components_are_kept_apart_and_share_the_effects() -> None:
    one, two = styled_battles(400, seed=1), styled_battles(400, seed=4)
    both = Battles(
        (*one.names, *(f"x{name}" for name in two.names)),
        np.concatenate([one.a, two.a + 5]),
        np.concatenate([one.b, two.b + 5]),
        np.concatenate([one.credit, two.credit]),
        None,
        measures={n: tuple(np.concatenate([one.measures[n][s], two.measures[n][s]]) for s in (0, 1)) for n in NAMES},
    )
    found = styled(both).fit
    assert len(np.unique(found.component)) == 2
    assert [found.theta[:5].sum(), found.theta[5:].sum()] == pytest.approx([0, 0], abs=1e-9)
    assert found.covariance[:5, 5:].any()


@pytest.mark.reference
def test_data_with_a_known_truth(reference_path: Path) -> None:
    files = reference.synthetic(reference_path)
    for file in files:
        kind = reference.voter_kinds(file)
        rows = [r for r in reference.read(file) if r["anony"] == "True" and r["identity_leak"] == "False"]
        measures = tuple(c[: -len("_a")] for c in rows[0] if c.endswith("_a") and c != "model_a")
        battles = reference.battles_of([r for r in rows if kind[r["judge"]] == "honest"], measures=measures)
        found = fit_styled(battles, fit(battles), measures).fit
        known = {r["model"]: float(r["true_rating"]) for r in reference.read(reference.truth(file, "models"))}
        true = np.array([known[name] for name in found.names])
        off = SCALE * found.theta - (true - true.mean())
        assert math.sqrt(np.mean(off**2)) <= 9
        se = np.array([found.se(place) for place in range(len(true))])
        assert 0.93 <= np.mean(np.abs(off) < 1.959964 * se) <= 0.98
    assert files


@pytest.mark.reference
def test_published_unpenalised_coefficients(reference_path: Path) -> None:
    rows = reference.read(reference_path / "arena" / "expected_coefs.csv")
    method = next(r["method"] for r in rows if "Contextual" in r["method"] and "unweighted" in r["method"])
    for name in sorted({r["board"] for r in rows if r["method"] == method}):
        published = {r["parameter"]: float(r["value"]) for r in rows if (r["board"], r["method"]) == (name, method)}
        battles = reference.battles_of(reference.board(reference_path, name), measures=tuple(published))
        effects = fit_styled(battles, fit(battles), tuple(published)).effects
        assert {e.name: e.beta for e in effects} == pytest.approx(published, abs=0.004)
