"""What a snapshot tells of people's votes: agreement by category, votes per day, both bad; apart by kind of voter."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leaderboard.contracts.values import Outcome
from leaderboard.models import Board, VoteUndo
from leaderboard.services import boards
from tests.factories import FactBoard, fact_board

pytestmark = pytest.mark.django_db
NAMES = ("x", "y", "z")


@pytest.fixture
def made(bell) -> FactBoard:
    return fact_board(NAMES, {"p1": "maths", "p2": "maths", "p3": "poems", "p4": "poems"})


@pytest.fixture
def arena(made) -> Board:
    home = made.board
    made.board = Board.objects.create(
        slug="arena", title="Arena", benchmark=home.benchmark, parent=home, counts_votes=True, open_to_votes=True
    )
    return made.board


def told(board: Board) -> dict:
    return boards.refresh(Board.objects.get(pk=board.pk)).details["people"]


def agreements(board: Board) -> dict[str, tuple[float, int]]:
    return {one["category"]: (one["share"], one["n"]) for one in told(board)["agreement"]}


def test_agreement_is_told_by_category_against_the_parents_judges(made, arena):
    for key, credit in (("p1", 1.0), ("p2", 1.0), ("p3", 1.0), ("p4", 0.0)):
        made.verdict("x", "y", key, credit)
    for key, outcome in (("p1", Outcome.A), ("p2", Outcome.A), ("p3", Outcome.B), ("p4", Outcome.TIE)):
        made.vote("x", "y", key, outcome)
    assert agreements(arena) == {"": (0.625, 4), "maths": (1.0, 2), "poems": (0.25, 2)}
    (whole, *_) = told(arena)["agreement"]
    assert whole["low"] < 0.625 < whole["high"] <= 1


def test_people_count_by_their_majority_and_unscored_verdicts_not_at_all(made, arena):
    made.verdict("x", "y", "p1", 1.0)
    made.verdict("x", "y", "p2", None)
    for voter, outcome in enumerate((Outcome.A, Outcome.A, Outcome.B)):
        made.vote("x", "y", "p1", outcome, voter=f"user:{voter}")
    made.vote("x", "y", "p2", Outcome.A)
    assert agreements(arena)[""] == (1.0, 1)


def test_a_new_judgment_of_the_parent_makes_a_new_snapshot_of_the_arena(made, arena):
    made.vote("x", "y", "p1", Outcome.A)
    first = boards.refresh(arena)
    assert boards.refresh(arena) == first
    made.verdict("x", "y", "p1", 0.0)
    assert agreements(arena)[""] == (0.0, 1)


def test_both_bad_is_told_by_entry_and_by_prompt_and_a_vote_taken_back_is_not(made, arena):
    made.vote("x", "y", "p1", Outcome.BOTH_BAD)
    made.vote("x", "z", "p1", Outcome.A)
    made.vote("y", "z", "p3", Outcome.TIE)
    undone = made.vote("y", "z", "p4", Outcome.BOTH_BAD)
    VoteUndo.objects.create(vote=undone)
    found = told(arena)
    assert found["votes"] == 3
    assert {one["name"]: (one["bad"], one["n"]) for one in found["bad_entries"]} == {
        "x": (1, 2),
        "y": (1, 2),
        "z": (0, 2),
    }
    assert [(one["name"], one["bad"], one["n"]) for one in found["bad_prompts"]] == [("p1", 1, 2)]


def test_days_without_a_vote_are_days_too(made, arena, clock):
    made.vote("x", "y", "p1", Outcome.A)
    clock.now += timedelta(days=2)
    made.vote("x", "z", "p1", Outcome.A)
    made.vote("y", "z", "p1", Outcome.A)
    assert told(arena)["days"] == [["2030-01-01", 1], ["2030-01-02", 0], ["2030-01-03", 2]]


def test_named_and_anonymous_votes_can_be_rated_apart(made, arena):
    made.vote("x", "y", "p1", Outcome.A, voter="user:1")
    made.vote("x", "y", "p1", Outcome.B, voter="anonymous:1")
    made.vote("x", "y", "p2", Outcome.B, voter="anonymous:1")
    counts = {}
    for voters in Board.Voters.values:
        Board.objects.filter(pk=arena.pk).update(voters=voters)
        counts[voters] = told(arena)["votes"]
    assert counts == {"all": 3, "named": 1, "anonymous": 2}


def test_a_board_that_counts_no_votes_tells_nothing_of_people(made):
    made.verdict("x", "y", "p1", 1.0)
    assert told(made.board) == {}


def test_a_vote_asks_for_every_board_that_counts_it(made, arena):
    beside = Board.objects.create(
        slug="named", title="Named", benchmark=arena.benchmark, parent=arena.parent, counts_votes=True, voters="named"
    )
    boards.request_refresh(arena)
    wanted = dict(Board.objects.values_list("slug", "wanted"))
    assert wanted == {"facts": 0, arena.slug: 1, beside.slug: 1}
