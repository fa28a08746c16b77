"""How many votes a verdict is worth: the ends of the scale, and the claim about variance that the formula makes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.verdicts import Votes
from leaderboard.ratings.agreement.worth import worth
from leaderboard.ratings.variation.resampling import Bootstrap
from tests.leaderboard.ratings.agreement.crowds import crowds, people

SIZE = 20_000
PLAN = Bootstrap(replicates=60)


def draws(size: int = SIZE) -> Draws:
    return Draws.of(np.arange(size), PLAN)


@pytest.fixture(scope="module")
def share():
    return np.random.default_rng(0).beta(1.5, 1.5, SIZE)


@pytest.fixture(scope="module")
def votes(share):
    return people(share, 3, ties=0.15)


def test_a_person_is_worth_one_vote(share, votes):
    found = worth(people(share, 1, ties=0.15, seed=7).credit, votes, draws())
    assert found.votes.value == pytest.approx(1, abs=4 * found.votes.se)
    assert found.votes.se < 0.1


def test_the_mean_of_a_crowd_nears_the_most_that_is_possible(share, votes):
    found = worth(0.5 + 0.85 * (share - 0.5), votes, draws())
    assert found.votes.value == pytest.approx(found.most.value, rel=0.05)
    assert found.most.value > 2


def test_a_coin_is_worth_nothing(votes):
    coin = np.random.default_rng(3).integers(0, 2, SIZE).astype(float)
    assert worth(coin, votes, draws()).votes.value == pytest.approx(0, abs=0.01)


def test_a_judge_that_always_ties_or_goes_against_people_is_worth_nothing(share, votes):
    assert worth(np.full(SIZE, 0.5), votes, draws()).votes.value == 0
    assert worth((share < 0.5).astype(float), votes, draws()).votes.value == 0


def test_a_surer_tone_of_the_same_opinion_is_worth_the_same(share, votes):
    one = worth(0.5 + 0.2 * (share - 0.5), votes, draws()).votes.value
    assert worth(share, votes, draws()).votes.value == pytest.approx(one)


def test_that_many_votes_estimate_a_preference_as_well_as_one_verdict():
    """The claim itself: over many small samples, the judge's corrected mean varies as the formula says."""
    rng = np.random.default_rng(11)
    share = 0.5 + 0.5 * np.clip(rng.normal(0.1, 0.5, SIZE), -1, 1)
    judge = np.where(rng.random(SIZE) < 0.8, share > 0.5, rng.random(SIZE) < 0.5).astype(float)
    votes = people(share, 3)
    told = worth(judge, votes, draws()).votes.value
    slope = np.mean((judge - 0.5) * (share - 0.5)) / np.mean((share - 0.5) ** 2)
    of_judge = np.mean((judge - 0.5) ** 2) / slope**2
    of_votes = np.mean((votes.credit - 0.5) ** 2)
    assert told == pytest.approx(of_votes / of_judge, rel=0.05)


@given(crowds(most_items=40), st.randoms(use_true_random=False))
def test_naming_the_sides_the_other_way_round_changes_nothing(case, random):
    items, votes = case
    credit = np.array([random.choice((0.0, 0.3, 0.5, 1.0)) for _ in range(len(items))])
    turn = np.array([random.random() < 0.5 for _ in range(len(items))])
    turned = Votes(votes.item, votes.voter, np.where(turn[votes.item], 1 - votes.credit, votes.credit))
    one = worth(credit, votes, draws(len(items)), least=2)
    two = worth(np.where(turn, 1 - credit, credit), turned, draws(len(items)), least=2)
    assert one.items == two.items and one.reason == two.reason
    if one.votes.value is not None:
        assert one.votes.value == pytest.approx(two.votes.value, rel=1e-9, abs=1e-12)


def test_too_few_comparisons_say_how_many_are_needed():
    found = worth(np.ones(5), people(np.full(5, 0.9), 2), draws(5))
    assert found.votes.value is None and found.items == 5 and "30" in found.reason


def test_people_who_do_not_agree_give_no_scale():
    votes = Votes(np.repeat(np.arange(40), 2), np.tile([0, 1], 40), np.tile([0.0, 1.0], 40))
    found = worth(np.ones(40), votes, draws(40))
    assert found.votes.value is None and "no scale" in found.reason
