from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from leaderboard.contracts.registry import ratings
from leaderboard.ratings.battles import Battles, RatingTable
from leaderboard.ratings.bradley_terry import BradleyTerry, BradleyTerryParams
from leaderboard.ratings.strengths import SCALE, Fit, fit
from tests.leaderboard.ratings import reference
from tests.leaderboard.ratings.strategies import any_battles, random_battles, relabelled, repeated, swapped

CYCLE = [(0, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0)]


def of(names: str, rows: list[tuple[int, int, float]], clusters: list[int] | None = None) -> Battles:
    marks = clusters or list(range(len(rows)))
    return Battles.of(names, [(*row, mark) for row, mark in zip(rows, marks, strict=True)])


def rate(battles: Battles, **params: object) -> RatingTable:
    return BradleyTerry(BradleyTerryParams.model_validate(params)).rate(battles)


def slow_optimum(battles: Battles) -> np.ndarray:
    """A second implementation: a general optimiser over single battles."""
    size = len(battles.names)

    def loss(theta: np.ndarray) -> float:
        z = theta[battles.a] - theta[battles.b]
        return float(np.sum(np.logaddexp(0, z) - battles.credit * z) + theta.sum() ** 2)

    return minimize(loss, np.zeros(size), method="BFGS", options={"gtol": 1e-9}).x


def slow_covariance(battles: Battles, theta: np.ndarray) -> np.ndarray:
    """A second implementation: one score vector a cluster, and the pseudo-inverse."""
    size = len(theta)
    hessian, scores = np.zeros((size, size)), {}
    for a, b, y, c in zip(battles.a, battles.b, battles.credit, battles.labels, strict=True):
        x = np.zeros(size)
        x[a], x[b] = 1, -1
        p = 1 / (1 + math.exp(-x @ theta))
        hessian += p * (1 - p) * np.outer(x, x)
        scores[c] = scores.get(c, 0) + (y - p) * x
    bread = np.linalg.pinv(hessian)
    return bread @ sum(np.outer(s, s) for s in scores.values()) @ bread


def test_two_entrants_by_hand() -> None:
    # 3 wins of 4: logit ln 3 apart; score variance 4·p·q, so var(θa − θb) = 1/(4·3/16)
    battles = of("ab", [(0, 1, 1.0), (1, 0, 0.0), (0, 1, 1.0), (0, 1, 0.0)])
    a, b = rate(battles).ratings
    assert a.value == pytest.approx(1000 + SCALE * math.log(3) / 2, abs=1e-9)
    assert b.value == pytest.approx(1000 - SCALE * math.log(3) / 2, abs=1e-9)
    assert a.se == pytest.approx(SCALE * math.sqrt(4 / 3) / 2, rel=1e-12)
    assert fit(battles).contrast_se(0, 1) == pytest.approx(SCALE * math.sqrt(4 / 3), rel=1e-12)
    assert (a.n, a.rank_low, a.rank_high, a.note) == (4, 1, 2, "")
    assert a.high - a.value == pytest.approx(1.959963984540054 * a.se)


def test_ties_narrow_the_sandwich() -> None:
    # residuals of a win, a loss and two ties at p = 1/2: .25, .25, 0, 0; h = 4·¼
    found = fit(of("ab", [(0, 1, 1.0), (0, 1, 0.0), (0, 1, 0.5), (0, 1, 0.5)]))
    assert found.contrast_se(0, 1) == pytest.approx(SCALE * math.sqrt(0.5), rel=1e-12)


def test_a_cycle_is_a_tie() -> None:
    assert [r.value for r in rate(of("abc", CYCLE)).ratings] == pytest.approx([1000] * 3, abs=1e-9)


def test_credits_between_win_and_tie_count_in_full() -> None:
    a, b = rate(of("ab", [(0, 1, 0.9), (0, 1, 0.6)])).ratings
    assert a.value - b.value == pytest.approx(SCALE * math.log(3), abs=1e-9)


@pytest.mark.parametrize("clusters", [None, 40])
def test_agrees_with_a_second_implementation(clusters: int | None) -> None:
    battles = random_battles(clusters=clusters)
    found = fit(battles)
    assert found.theta == pytest.approx(slow_optimum(battles), abs=1e-6)
    assert found.covariance == pytest.approx(slow_covariance(battles, found.theta), abs=1e-12)
    assert found.clustered == (clusters is not None)
    assert found.theta.sum() == pytest.approx(0, abs=1e-12)
    assert found.covariance.sum(axis=0) == pytest.approx(np.zeros(5), abs=1e-12)


def test_contrast_takes_the_covariance_along() -> None:
    found = fit(random_battles())
    v = found.covariance
    assert found.contrast_se(1, 3) == pytest.approx(SCALE * math.sqrt(v[1, 1] + v[3, 3] - 2 * v[1, 3]))
    assert found.contrast_se(2, 2) == 0


def test_the_anchor_moves_the_scale_only() -> None:
    plain, anchored = rate(random_battles()), rate(random_battles(), anchor="m3")
    gap = plain.by_name()["m3"].value - 1000
    assert anchored.by_name()["m3"].value == 1000
    for before, after in zip(plain.ratings, anchored.ratings, strict=True):
        assert after.value == pytest.approx(before.value - gap)
        assert (after.se, after.rank_low, after.rank_high) == (before.se, before.rank_low, before.rank_high)


def test_an_unknown_anchor_is_refused() -> None:
    with pytest.raises(ValueError, match="'zed' is not among the entrants"):
        rate(of("ab", [(0, 1, 0.5)]), anchor="zed")


def test_confidence_widens() -> None:
    narrow, wide = (rate(random_battles(), confidence=c).ratings[0] for c in (0.9, 0.99))
    assert wide.high - wide.low == pytest.approx((narrow.high - narrow.low) * 2.5758293 / 1.6448536, rel=1e-6)


def test_unconnected_groups_are_rated_apart_and_say_so() -> None:
    rows = [(0, 1, 1.0), (0, 1, 0.0), (0, 1, 1.0), (2, 3, 0.5), (2, 3, 1.0), (0, 2, 1.0), (3, 4, 1.0)]
    table = rate(of("abcdef", rows), anchor="b")
    a, b, c, d, e, f = table.ratings
    assert b.value == 1000
    assert a.value == pytest.approx(1000 + SCALE * math.log(2))
    assert (c.value + d.value) / 2 == pytest.approx(1000)
    assert c.value - d.value == pytest.approx(SCALE * math.log(3))
    assert a.note == "Rated apart, among 2 of 6 entrants; 3 of its 4 battles count."
    assert [r.value for r in (e, f)] == [None, None]
    assert e.note.startswith("Rated apart, and alone")
    assert f.note == "No battles."
    assert (c.rank_low, d.rank_high, e.rank_low) == (1, 2, None)
    assert "4 groups of them are rated apart" in table.notes[0]
    assert "Only the anchor's own group" in table.notes[1]
    assert table.extra["components"] == [["a", "b"], ["c", "d"], ["e"], ["f"]]


def test_no_contrast_across_groups() -> None:
    found = fit(of("abcd", [(0, 1, 0.5), (0, 1, 0.5), (2, 3, 0.5), (2, 3, 0.5)]))
    with pytest.raises(ValueError, match="rated apart"):
        found.contrast_se(0, 2)


def test_an_unbeaten_entrant_stands_alone() -> None:
    rows = [*CYCLE, *CYCLE, (3, 0, 1.0), (3, 1, 1.0)]
    table = rate(of("abcd", rows)).by_name()
    assert table["d"].value is None
    assert table["a"].value == pytest.approx(1000)


def test_an_entrant_seen_in_one_cluster_has_no_interval() -> None:
    # At the optimum its only cluster's score is 0, so the sandwich alone would claim an SE near 0.
    rows = [*CYCLE, *CYCLE, (3, 0, 1.0), (3, 0, 0.0)]
    table = rate(of("abcd", rows, [0, 1, 2, 3, 4, 5, 6, 6])).by_name()
    assert table["d"].value is not None
    assert (table["d"].se, table["d"].low) == (None, None)
    assert "no interval" in table["d"].note
    assert (table["d"].rank_low, table["d"].rank_high) == (1, 4)
    assert table["a"].se is not None


def test_ties_alone_say_that_the_interval_is_empty() -> None:
    a, _ = rate(of("ab", [(0, 1, 0.5), (1, 0, 0.5), (0, 1, 0.5)])).ratings
    assert (a.value, a.se) == (1000.0, 0.0)
    assert a.note == "Every verdict is the same, so the interval says nothing."


def test_few_clusters_are_pointed_out() -> None:
    assert "Only 8 clusters" in rate(random_battles(clusters=8)).notes[0]
    assert rate(random_battles(clusters=200)).notes == ()


@pytest.mark.parametrize("names", ["", "ab"])
def test_nothing_in_nothing_out(names: str) -> None:
    assert [r.value for r in rate(Battles.of(names, [])).ratings] == [None] * len(names)


def test_many_entrants_with_few_skewed_votes_do_not_crash() -> None:
    rng = np.random.default_rng(1)
    share = 1 / np.arange(1, 301)
    a, b = rng.choice(300, (2, 5000), p=share / share.sum())
    a, b = a[a != b], b[a != b]
    credit = (rng.random(len(a)) < 1 / (1 + np.exp((a - b) / 20))).astype(float)
    table = rate(Battles(tuple(f"m{i:03}" for i in range(300)), a, b, credit, np.arange(len(a))))
    assert all(r.value is None or abs(r.value) < 1e4 for r in table.ratings)
    assert sum(r.value is None for r in table.ratings) > 10
    assert sum(r.value is not None for r in table.ratings) > 100


@given(any_battles(clustered=True))
def test_numbers_are_plain_and_finite(battles: Battles) -> None:
    table = rate(battles)
    json.dumps([table.extra, table.params, [vars(r) for r in table.ratings]], allow_nan=False)
    for found in table.ratings:
        assert found.value is not None or found.note
        assert found.value is None or 1 <= found.rank_low <= found.rank_high <= len(battles.names)


def close(left: RatingTable, right: RatingTable) -> None:
    for name, found in left.by_name().items():
        other = right.by_name()[name]
        assert (found.value is None) == (other.value is None)
        assert found.value == pytest.approx(other.value, abs=1e-4)
        assert (found.se is None) == (other.se is None)
        assert found.se is None or found.se == pytest.approx(other.se, rel=1e-4, abs=1e-3)
        assert (found.n, found.note) == (other.n, other.note)


# Plain outcomes here: credits of 1e-300 are ties of a kind that rounding may turn into losses.
WHOLE = any_battles(clustered=True).map(
    lambda b: Battles(b.names, b.a, b.b, np.round(b.credit * 4) / 4, b.cluster),
)


@given(WHOLE, st.data())
def test_relabelling_permutes_the_table(battles: Battles, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(battles.names))))
    close(rate(battles), rate(relabelled(battles, order)))


@given(WHOLE)
def test_sides_do_not_matter(battles: Battles) -> None:
    close(rate(battles), rate(swapped(battles)))


@given(WHOLE, st.integers(0, 10**6))
def test_names_of_clusters_do_not_matter(battles: Battles, shift: int) -> None:
    moved = Battles(battles.names, battles.a, battles.b, battles.credit, shift - 3 * battles.cluster)
    close(rate(battles), rate(moved))


@pytest.mark.parametrize("clusters", [None, 50])
def test_copies_narrow_the_interval_only_as_new_clusters(clusters: int | None) -> None:
    battles = random_battles(clusters=clusters)
    one = fit(battles)
    for times in (2, 5):
        fresh = fit(repeated(battles, times, new_clusters=True))
        copied = fit(repeated(battles, times, new_clusters=False))
        assert fresh.theta == pytest.approx(one.theta, abs=1e-9)
        for place in range(5):
            assert fresh.se(place) == pytest.approx(one.se(place) / math.sqrt(times), rel=1e-9)
            assert copied.se(place) == pytest.approx(one.se(place), rel=1e-9)


def test_intervals_hold_the_truth_95_times_in_100() -> None:
    truth = SCALE * (np.arange(5) - 2.0) * 0.5
    held = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        a = rng.integers(0, 5, 600)
        b = (a + rng.integers(1, 5, 600)) % 5
        p = 1 / (1 + np.exp((b - a) * 0.5))
        credit = (rng.random(600) < p).astype(float)
        table = rate(Battles(tuple("abcde"), a, b, credit, np.arange(600)))
        held += [r.low - 1000 <= t <= r.high - 1000 for r, t in zip(table.ratings, truth, strict=True)]
    assert 0.93 <= np.mean(held) <= 0.97


def test_the_result_is_frozen() -> None:
    found = fit(random_battles())
    assert isinstance(found, Fit)
    with pytest.raises(AttributeError):
        found.theta = np.zeros(5)  # type: ignore[misc]


def test_the_registry_builds_it() -> None:
    assert isinstance(ratings.build("bradley-terry", {"anchor": "a"}), BradleyTerry)


@pytest.mark.reference
def test_published_ratings_of_evalica(reference_path: Path, board_name: str) -> None:
    published = reference.expected(reference_path, board_name, "evalica.bradley_terry")
    table = rate(reference.battles_of(reference.board(reference_path, board_name)))
    assert {r.name for r in table.ratings} == set(published)
    raw = np.log([float(published[r.name]["score_raw"]) for r in table.ratings])
    exact = 1000 + SCALE * (raw - raw.mean())
    for found, score in zip(table.ratings, exact, strict=True):
        assert found.value == pytest.approx(float(published[found.name]["rating"]), abs=1e-4)
        assert found.value == pytest.approx(score, abs=1e-6)


@pytest.mark.reference
def test_published_sandwich_intervals_and_ranks_of_arena_rank(reference_path: Path, board_name: str) -> None:
    published = reference.expected(reference_path, board_name, "arena_rank.BradleyTerry")
    table = rate(reference.battles_of(reference.board(reference_path, board_name)))
    # An optimum of its own that is off by more than this moves its ranks.
    exact = max(abs(r.value - float(published[r.name]["rating"])) for r in table.ratings) < 0.01
    for found in table.ratings:
        row = published[found.name]
        assert found.se == pytest.approx(math.sqrt(float(row["variance"])), rel=0.002 if exact else 0.011)
        if exact:
            assert (found.rank_low, found.rank_high) == (int(row["rank_ub"]), int(row["rank_lb"]))


@pytest.mark.reference
def test_published_inverse_pair_weights_of_arena_rank(reference_path: Path, board_name: str) -> None:
    published = reference.expected(reference_path, board_name, "arena_rank.BradleyTerry(reweighted)")
    table = rate(reference.battles_of(reference.board(reference_path, board_name)), weights="inverse-pair")
    for found in table.ratings:
        row = published[found.name]
        assert found.value == pytest.approx(float(row["rating"]), abs=0.1)
        assert found.se == pytest.approx(math.sqrt(float(row["variance"])), rel=0.02)


@pytest.mark.reference
def test_published_bootstrap_widths(reference_path: Path, board_name: str) -> None:
    published = reference.expected(reference_path, board_name, "fastchat.compute_bt+bootstrap100")
    battles = reference.battles_of(reference.board(reference_path, board_name))
    table = rate(battles, interval="bootstrap", replicates=200)
    ratio = [
        (r.high - r.low) / (float(published[r.name]["upper"]) - float(published[r.name]["lower"]))
        for r in table.ratings
    ]
    assert np.median(ratio) == pytest.approx(1, abs=0.1)


@pytest.mark.reference
def test_clusters_of_real_votes_agree_with_a_second_implementation(reference_path: Path) -> None:
    checked = 0
    for file in reference.vote_files(reference_path):
        rows = reference.read(file)[:6000]
        for column in {"pair_id", "question_id", "judge"} & set(rows[0]):
            battles = reference.battles_of(rows, column)
            found = fit(battles)
            if found.connected:
                assert found.covariance == pytest.approx(slow_covariance(battles, found.theta), rel=1e-6, abs=1e-9)
                checked += 1
    assert checked


@pytest.mark.reference
def test_each_component_of_real_votes_is_rated_as_if_alone(reference_path: Path) -> None:
    for file in reference.vote_files(reference_path):
        rows = reference.read(file)
        table = rate(reference.battles_of(rows))
        for group in table.extra["components"]:
            inside = [row for row in rows if row["model_a"] in group and row["model_b"] in group]
            alone = rate(reference.battles_of(inside)).by_name()
            for name in group:
                mine = table.by_name()[name]
                assert (
                    mine.value == pytest.approx(alone[name].value, abs=1e-6) if len(group) > 1 else mine.value is None
                )
                assert mine.rank_high is None or mine.rank_high <= len(group)
