"""Ballots and votes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Ballot, Board, Vote
from leaderboard.services import arena
from tests.factories import submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]


@pytest.fixture
def board(work):
    parent = sums_board()
    submit(parent, {"model": "right"})
    submit(parent, {"model": "wrong", "wrong_every": 2})
    work()
    return Board.objects.create(
        slug="people", title="People", benchmark=parent.benchmark, parent=parent, counts_votes=True, open_to_votes=True
    )


def test_only_pairs_that_differ_are_shown_and_each_once(board):
    seen = set()
    while ballot := arena.draw(board, voter="v"):
        arena.cast(token=ballot.token, voter="v", user=None, choice="tie")
        seen.add(ballot.comparison.prompt.text)
    assert seen == {"2+2", "4+4", "6+6"}


def test_a_vote_is_stored_for_the_canonical_side_and_moves_the_board(board, work):
    ballot = arena.draw(board, voter="v")
    right_is_a = "wrong" not in ballot.comparison.entry_a.model.name
    choice = "left" if right_is_a != ballot.swapped else "right"
    vote = arena.cast(token=ballot.token, voter="v", user=None, choice=choice)
    assert vote.outcome == ("a" if right_is_a else "b")
    work()
    board.refresh_from_db()
    wins = {row.entry.model.name: row.win_rate for row in board.current.standings.all()}
    assert wins == {"right": 100.0, "wrong": 0.0}


@pytest.mark.parametrize(
    ("change", "word"), [({"voter": "w"}, "not yours"), ({"token": "x"}, "not yours"), ({"choice": "up"}, "Choose one")]
)
def test_a_foreign_or_unknown_ballot_is_refused(board, change, word):
    ballot = arena.draw(board, voter="v")
    with pytest.raises(InvalidInput, match=word):
        arena.cast(**{"token": ballot.token, "voter": "v", "user": None, "choice": "left", **change})
    assert not Vote.objects.exists()


def test_a_ballot_counts_once_and_not_after_it_expires(board, monkeypatch):
    ballot = arena.draw(board, voter="v")
    arena.cast(token=ballot.token, voter="v", user=None, choice="left")
    with pytest.raises(InvalidInput, match="already"):
        arena.cast(token=ballot.token, voter="v", user=None, choice="right")
    monkeypatch.setattr(arena, "LIFETIME", timedelta(seconds=-1))
    late = arena.draw(board, voter="v")
    with pytest.raises(InvalidInput, match="expired"):
        arena.cast(token=late.token, voter="v", user=None, choice="left")
    assert (Vote.objects.count(), Ballot.objects.count()) == (1, 2)
