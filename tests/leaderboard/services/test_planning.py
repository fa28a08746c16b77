"""The plan of pairs that a refresh makes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from leaderboard.contracts.values import Outcome
from leaderboard.models import ArenaPolicy, Board, PairPlan, PromptTurn
from leaderboard.ratings.pairing import Sampling
from leaderboard.services import boards, planning
from tests.factories import FactBoard, fact_board

pytestmark = pytest.mark.django_db
NAMES = ("ant", "bee", "cat")


@pytest.fixture
def made() -> FactBoard:
    found = fact_board(NAMES, {"p0": "x", "p1": "x", "p2": "y"}, counts_votes=True, open_to_votes=True)
    for first, second in combinations(NAMES, 2):
        for key in ("p0", "p1", "p2"):
            found.pair(first, second, key)
    return found


def refreshed(made: FactBoard) -> PairPlan:
    boards.refresh(Board.objects.get(pk=made.board.pk))
    return PairPlan.objects.get(board=made.board)


def chances_of(plan: PairPlan) -> list[float]:
    return np.frombuffer(plan.pairs, "<f4").tolist()


def test_the_plan_tells_its_rule_its_snapshot_and_its_votes(made):
    plan = refreshed(made)
    made.board.refresh_from_db()
    assert plan.snapshot == made.board.current
    assert plan.rule == Sampling().canonical()
    assert chances_of(plan) == pytest.approx([1 / 3] * 3)
    assert plan.entries == [made.entries[name].pk for name in NAMES]
    assert plan.categories == [["x", pytest.approx(2 / 3)], ["y", pytest.approx(1 / 3)]]
    assert (plan.votes, plan.note) == (0, "")


def test_votes_that_count_are_counted_and_shift_the_chances(made):
    for number in range(6):
        made.vote("ant", "bee", "p0", Outcome.A if number % 2 else Outcome.B, voter=f"v{number}")
    made.vote("ant", "cat", "p0", Outcome.SKIP)
    plan = refreshed(made)
    ant_bee, ant_cat, bee_cat = chances_of(plan)
    assert plan.votes == 6
    assert ant_cat == pytest.approx(bee_cat)
    assert ant_bee == pytest.approx(0.2 / 3)


def test_a_board_that_counts_no_votes_tells_those_cast_on_it(made):
    Board.objects.filter(pk=made.board.pk).update(counts_votes=False)
    made.vote("ant", "bee", "p0", Outcome.A)
    assert refreshed(made).votes == 1


def test_a_board_that_takes_no_votes_has_no_plan(made):
    Board.objects.filter(pk=made.board.pk).update(open_to_votes=False)
    boards.refresh(Board.objects.get(pk=made.board.pk))
    assert not PairPlan.objects.exists()
    assert not PromptTurn.objects.exists()


def test_new_settings_make_a_new_plan_on_the_same_snapshot(made):
    before = refreshed(made)
    ArenaPolicy.objects.create(board=made.board, sampling={"weights": {"ant": 2.0}, "least": 0.0})
    after = refreshed(made)
    assert after.snapshot == before.snapshot
    assert chances_of(after) == pytest.approx([2 / 5, 2 / 5, 1 / 5])


def test_nothing_new_leaves_the_plan_as_it_is(made):
    before = refreshed(made).made_at
    assert refreshed(made).made_at == before


def test_settings_that_cannot_be_read_fall_back_on_the_defaults_and_say_so(made):
    ArenaPolicy.objects.create(board=made.board, sampling={"uniform": 7})
    plan = refreshed(made)
    assert plan.rule == Sampling().canonical()
    assert plan.note == planning.UNREADABLE


def test_a_new_prompt_starts_level_and_one_no_longer_asked_leaves(made):
    policy = ArenaPolicy.objects.create(board=made.board)
    policy.prompts.add(made.prompts["p0"], made.prompts["p2"])
    refreshed(made)
    PromptTurn.objects.filter(prompt=made.prompts["p0"]).update(shown=40)
    policy.prompts.set([made.prompts["p0"], made.prompts["p1"]])
    refreshed(made)
    assert dict(PromptTurn.objects.values_list("prompt__key", "shown")) == {"p0": 40, "p1": 40}


def test_without_a_pair_to_show_the_plan_is_empty(made):
    policy = ArenaPolicy.objects.create(board=made.board)
    policy.prompts.add(fact_board(["ox"], {"q": ""}, slug="other").prompts["q"])
    plan = refreshed(made)
    assert (plan.entries, chances_of(plan)) == ([], [])


def test_many_categories_take_turns_as_one(made, monkeypatch):
    monkeypatch.setattr(planning, "MOST_CATEGORIES", 1)
    assert refreshed(made).categories == [["", 1.0]]
