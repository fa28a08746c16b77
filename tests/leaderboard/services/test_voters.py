"""The voter tests on a board's own votes: found once, named only to those with the right, and no vote is touched."""

from __future__ import annotations

import random

import pytest

from leaderboard.contracts.values import Outcome
from leaderboard.models import Vote, VoterFlag
from leaderboard.services import boards
from tests.factories import fact_board

pytestmark = pytest.mark.django_db
NAMES = ("strong", "middle", "weak")


@pytest.fixture
def voted():
    """Six honest voters, and one who always takes the left answer."""
    rng = random.Random(4)
    made = fact_board(NAMES, {f"p{i}": "" for i in range(40)}, judges=0, counts_votes=True)
    for voter in range(7):
        for key in made.prompts:
            first, second = rng.sample(NAMES, 2)
            better = NAMES.index(first) < NAMES.index(second)
            honest = Outcome.A if (rng.random() < 0.85) == better else Outcome.B
            made.vote(first, second, key, Outcome.A if voter == 6 else honest, voter=f"user:{voter}")
    return made.board


def test_who_always_votes_left_is_found_once_with_the_numbers(voted):
    before = Vote.objects.count()
    snapshot = boards.refresh(voted)
    found = VoterFlag.objects.get(kind="position")
    assert (found.voter, found.evidence["n"]) == ("user:6", 40)
    assert found.evidence["position_z"] > 3
    assert snapshot.details["voters"]["tested"] == 7
    assert snapshot.details["voters"]["position"] == 1
    assert "user:" not in str(snapshot.details)
    first = boards.refresh(voted)
    assert (VoterFlag.objects.filter(kind="position").count(), Vote.objects.count()) == (1, before)
    assert sum(row.n for row in first.standings.all()) == 2 * before


def test_a_voter_for_one_target_is_found_by_target():
    rng = random.Random(1)
    made = fact_board(NAMES, {f"p{i}": "" for i in range(40)}, judges=0, counts_votes=True)
    for voter in range(8):
        for key in made.prompts:
            first, second = rng.sample(NAMES, 2)
            fan = voter == 7 and "weak" in (first, second)
            wins = first == "weak" if fan else (rng.random() < 0.9) == (NAMES.index(first) < NAMES.index(second))
            made.vote(first, second, key, Outcome.A if wins else Outcome.B, voter=f"user:{voter}")
    boards.refresh(made.board)
    (found,) = VoterFlag.objects.filter(kind="target")
    assert (found.voter, found.target.model.name) == ("user:7", "weak")
    assert found.evidence["votes_for"] > found.evidence["expected"]


def test_a_board_without_votes_tests_nobody():
    made = fact_board(NAMES, {"p": ""})
    made.verdict("strong", "weak", "p", 1.0)
    assert boards.refresh(made.board).details["voters"] == {
        "tested": 0,
        "position": 0,
        "uninformative": 0,
        "targets": 0,
    }


def test_a_group_of_few_votes_each_is_found_with_its_surest_members():
    rng = random.Random(2)
    names = (*NAMES, "last")
    made = fact_board(names, {f"p{i}": "" for i in range(30)}, judges=0, counts_votes=True)
    for voter in range(60):
        for key in rng.sample(sorted(made.prompts), 14):
            first, second = rng.sample(names, 2)
            fan = voter < 6 and "last" in (first, second)
            wins = first == "last" if fan else (rng.random() < 0.85) == (names.index(first) < names.index(second))
            made.vote(first, second, key, Outcome.A if wins else Outcome.B, voter=f"user:{voter}")
    counts = boards.refresh(made.board).details["voters"]
    found = VoterFlag.objects.filter(kind="target-group")
    assert {flag.target.model.name for flag in found} == {"last"}
    assert {flag.voter for flag in found} <= {f"user:{voter}" for voter in range(6)}
    assert found.count() >= 3 and all(flag.evidence["chance"] >= 0.9 for flag in found)
    assert counts["targets"] >= 1
