"""Boards to look at: an empty one, and one with real standings of the parrot."""

from __future__ import annotations

import pytest

from leaderboard.models import Board, User
from tests.factories import submit, sums_board


@pytest.fixture(autouse=True)
def pages_only(settings):
    """These tests need no other addresses."""
    settings.ROOT_URLCONF = "leaderboard.web.urls"


@pytest.fixture
def fill(work):
    """Adds entries to a board and does the work."""

    def run(board: Board, count: int, start: int = 0) -> Board:
        for i in range(start, start + count):
            submit(board, {"model": f"bird-{i}", "wrong_every": i + 1 if i else 0})
        work()
        board.refresh_from_db()
        return board

    return run


@pytest.fixture
def board(parrot, fill):
    return fill(sums_board(), 2)


@pytest.fixture
def people(board):
    return Board.objects.create(
        slug="people", title="People", benchmark=board.benchmark, parent=board, counts_votes=True, open_to_votes=True
    )


@pytest.fixture
def user(db):
    return User.objects.create_user("ada", password="a long pass phrase")


@pytest.fixture
def ada(client, user):
    client.force_login(user)
    return client
