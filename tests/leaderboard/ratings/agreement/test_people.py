"""Agreement with people against slow implementations, and what must hold for any crowd."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.people import agreement, ceiling
from leaderboard.ratings.agreement.verdicts import Votes
from leaderboard.ratings.variation.resampling import Bootstrap
from tests.leaderboard.ratings.agreement.crowds import credits_of, crowds, pair_items
from tests.leaderboard.ratings.agreement.crowds import people as crowd_of

PLAN = Bootstrap(replicates=50)


@st.composite
def cases(draw):
    items, votes = draw(crowds())
    return items, votes, draw(credits_of(len(items)))


def way(credit: float) -> int:
    return 0 if abs(credit - 0.5) <= 1e-9 else 1 if credit > 0.5 else -1


def score(one: int, two: int) -> float:
    return 0.5 if not one or not two else float(one == two)


def votes_of(votes: Votes, item: int) -> list[float]:
    return [float(c) for i, c in zip(votes.item, votes.credit, strict=True) if i == item]


def same(estimate, value: float | None) -> bool:
    return estimate.value is None if value is None else estimate.value == pytest.approx(value, abs=1e-12)


def mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def slow_kappa(pairs: list[tuple[int, int, float]], classes: tuple[int, ...]) -> float | None:
    """From (one, two, weight) rows, as the definition has it."""
    pairs = [row for row in pairs if row[0] in classes and row[1] in classes]
    total = sum(w for *_, w in pairs)
    if not total:
        return None
    seen = sum(w for one, two, w in pairs if one == two) / total
    chance = sum(
        sum(w for one, _, w in pairs if one == c) * sum(w for _, two, w in pairs if two == c) for c in classes
    ) / (total * total)
    return None if chance > 1 - 1e-12 else (seen - chance) / (1 - chance)


@given(cases())
def test_agreement_is_what_counting_by_hand_gives(case):
    items, votes, credit = case
    found = agreement(credit, votes, Draws.of(items.cluster, PLAN))
    accuracy, exact, decided, pairs = [], [], [], []
    for item in range(len(items)):
        cast = votes_of(votes, item)
        if not cast or np.isnan(credit[item]):
            continue
        judge, majority = way(credit[item]), way(sum(cast) / len(cast))
        accuracy.append(score(judge, majority))
        count = Counter(way(c) for c in cast)
        top = [outcome for outcome, n in count.items() if n == max(count.values())]
        exact.append((judge in top) / len(top))
        decided += [score(judge, majority)] if judge and majority else []
        pairs += [(judge, way(c), 1 / len(cast)) for c in cast]
    assert found.items == len(accuracy)
    assert (
        same(found.accuracy, mean(accuracy)) and same(found.exact, mean(exact)) and same(found.decided, mean(decided))
    )
    assert found.decided_items == len(decided)
    assert same(found.kappa, slow_kappa(pairs, (-1, 0, 1)))
    assert same(found.kappa_decided, slow_kappa(pairs, (-1, 1)))


@given(cases())
def test_the_ceiling_leaves_each_vote_out_once(case):
    items, votes, credit = case
    found = ceiling(credit, votes, Draws.of(items.cluster, PLAN))
    own, judge, difference, pairs = [], [], [], []
    for item in range(len(items)):
        cast = votes_of(votes, item)
        if len(cast) < 2:
            continue
        rest = [way((sum(cast) - c) / (len(cast) - 1)) for c in cast]
        one = mean([score(way(c), r) for c, r in zip(cast, rest, strict=True)])
        own.append(one)
        if not np.isnan(credit[item]):
            other = mean([score(way(credit[item]), r) for r in rest])
            judge.append(other)
            difference.append(other - one)
        weight = 1 / (len(cast) * (len(cast) - 1))
        pairs += [(way(x), way(y), weight) for x, y in permutations(cast, 2)]
    assert same(found.people, mean(own)) and same(found.judge, mean(judge)) and same(found.difference, mean(difference))
    assert same(found.kappa, slow_kappa(pairs, (-1, 0, 1)))
    assert same(found.kappa_decided, slow_kappa(pairs, (-1, 1)))


def slow_alpha(votes: Votes, size: int) -> float | None:
    """Krippendorff's α by disagreement within units against disagreement over all pairs of values."""
    units = [cast for item in range(size) if len(cast := [way(c) for c in votes_of(votes, item)]) > 1]
    values = [value for unit in units for value in unit]
    n = len(values)
    within = sum(sum(x != y for x, y in permutations(unit, 2)) / (len(unit) - 1) for unit in units) / max(n, 1)
    over = sum(x != y for x, y in permutations(values, 2)) / max(n * (n - 1), 1)
    return None if not over else 1 - within / over


@given(crowds())
def test_alpha_is_krippendorffs(case):
    items, votes = case
    found = ceiling(np.full(len(items), np.nan), votes, Draws.of(items.cluster, PLAN)).alpha
    assert same(found, slow_alpha(votes, len(items)))


@given(cases(), st.data())
def test_naming_the_sides_the_other_way_round_changes_no_accuracy(case, data):
    items, votes, credit = case
    turn = np.array(data.draw(st.lists(st.booleans(), min_size=len(items), max_size=len(items))))
    draws = Draws.of(items.cluster, PLAN)
    turned = Votes(votes.item, votes.voter, np.where(turn[votes.item], 1 - votes.credit, votes.credit))
    one, two = agreement(credit, votes, draws), agreement(np.where(turn, 1 - credit, credit), turned, draws)
    assert [one.accuracy, one.exact, one.decided, one.ties] == [
        pytest.approx(e) if e is None else e for e in (two.accuracy, two.exact, two.decided, two.ties)
    ]


def test_a_judge_that_is_one_of_the_people_agrees_as_they_do():
    share = np.random.default_rng(5).beta(2, 2, 4000)
    votes = crowd_of(share, 4, ties=0.2)
    one_more = crowd_of(share, 1, ties=0.2, seed=9).credit
    found = ceiling(one_more, votes, Draws.of(pair_items(4000).cluster, PLAN))
    assert found.difference.value == pytest.approx(0, abs=4 * found.difference.se)


def test_a_coin_has_no_agreement_and_one_half():
    share = np.random.default_rng(5).beta(2, 2, 4000)
    coin = np.random.default_rng(6).integers(0, 2, 4000).astype(float)
    found = agreement(coin, crowd_of(share, 3), Draws.of(pair_items(4000).cluster, PLAN))
    assert found.accuracy.value == pytest.approx(0.5, abs=4 * found.accuracy.se)
    assert found.kappa.value == pytest.approx(0, abs=4 * found.kappa.se)


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    """Accuracy on clusters that share their luck; 200 worlds, so 95 % is 190 ± 6."""
    hits, truth = 0, 0.7
    for seed in range(200):
        rng = np.random.default_rng(seed)
        cluster = np.repeat(np.arange(60), 3)
        right = np.repeat(rng.beta(7, 3, 60), 3) > rng.random(180)
        found = Draws.of(cluster, Bootstrap(replicates=300, seed=seed)).mean(right.astype(float))
        hits += found.low <= truth <= found.high
    assert 180 <= hits <= 198


def test_one_cluster_alone_gives_no_interval():
    votes = Votes(np.arange(4), np.zeros(4, dtype=int), np.array([1.0, 0, 1, 1]))
    found = agreement(np.ones(4), votes, Draws.of(np.zeros(4, dtype=int), PLAN))
    assert found.accuracy.value == 0.75 and found.accuracy.low is None


def test_a_share_of_none_or_all_has_an_interval_with_width_and_a_difference_of_nothing_has_none():
    draws = Draws.of(np.repeat(np.arange(20), 2), PLAN)
    none, every = draws.share(np.zeros(40)), draws.share(np.ones(40))
    assert (none.value, none.low, every.value, every.high) == (0, 0, 1, 1)
    # Twenty clusters, not forty rows: Wilson's z²/(n + z²).
    assert none.high == pytest.approx(1.96**2 / (20 + 1.96**2), abs=1e-3) == 1 - every.low
    assert (draws.mean(np.zeros(40)).low, draws.mean(np.zeros(40)).high) == (0, 0)
