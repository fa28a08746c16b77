"""When a board is rated next: soon, or after a pause that keeps rating a small part of the work."""

from __future__ import annotations

import pytest
from django.utils import timezone

from leaderboard.contracts.values import Outcome
from leaderboard.models import Board, Job
from leaderboard.services import boards
from tests.factories import fact_board, sums_board

pytestmark = pytest.mark.django_db(transaction=True)


def waits(board) -> float:
    """Seconds until the board's refresh is due."""
    job = Job.objects.get(key=f"refresh:{board.pk}")
    return (job.not_before - timezone.now()).total_seconds()


def done_in(board, seconds: float) -> None:
    """The last refresh is over and took so long."""
    Job.objects.filter(key=f"refresh:{board.pk}").update(state="done", payload={"board": board.pk, "seconds": seconds})


def test_a_patient_request_waits_for_a_multiple_of_the_last_refresh(bell, settings):
    settings.REFRESH_SECONDS = 2
    board = sums_board()
    boards.request_refresh(board, patient=True)
    assert waits(board) <= 0
    done_in(board, 0.1)
    boards.request_refresh(board, patient=True)
    assert waits(board) == pytest.approx(2, abs=1)
    done_in(board, 5.0)
    boards.request_refresh(board, patient=True)
    assert waits(board) == pytest.approx(20, abs=1)
    done_in(board, 1000.0)
    boards.request_refresh(board, patient=True)
    assert waits(board) == pytest.approx(60, abs=1)


def test_a_request_that_is_not_patient_brings_a_waiting_refresh_forward(bell, settings):
    settings.REFRESH_SECONDS = 2
    board = sums_board()
    boards.request_refresh(board)
    done_in(board, 5.0)
    boards.request_refresh(board, patient=True)
    boards.request_refresh(board)
    assert waits(board) == pytest.approx(2, abs=1)


def wanted(board) -> tuple[int, str]:
    """How often a refresh was asked for, and what its job does."""
    board.refresh_from_db()
    return board.wanted, Job.objects.get(key=f"refresh:{board.pk}").state


def test_a_vote_asks_only_where_no_refresh_waits(bell, django_assert_num_queries):
    board = sums_board()
    boards.request_after_vote(board)
    assert wanted(board) == (1, "ready")
    with django_assert_num_queries(1):
        boards.request_after_vote(board)
    assert wanted(board) == (1, "ready")


def test_a_vote_during_a_refresh_that_may_have_read_its_votes_already_brings_another(bell, work):
    board = sums_board()
    boards.request_after_vote(board)
    Job.objects.filter(key=f"refresh:{board.pk}").update(state="running")
    boards.request_after_vote(board)
    assert wanted(board) == (2, "running")
    done_in(board, 0.0)
    Board.objects.filter(pk=board.pk).update(built=1)
    boards.rearm_stale()
    assert wanted(board) == (2, "ready")


def test_a_vote_asks_for_the_boards_that_count_it_and_for_no_other(bell):
    board = sums_board()
    own = {"benchmark": board.benchmark, "parent": board}
    arena = Board.objects.create(slug="arena", title="Arena", counts_votes=True, **own)
    named = Board.objects.create(slug="named", title="Named", counts_votes=True, **own)
    Board.objects.create(slug="judged", title="Judged", **own)
    boards.request_after_vote(arena)
    assert set(Job.objects.values_list("key", flat=True)) == {f"refresh:{arena.pk}", f"refresh:{named.pk}"}


def test_what_a_refresh_took_is_kept_with_its_job(work):
    board = sums_board()
    boards.request_refresh(board)
    work()
    payload = Job.objects.get(key=f"refresh:{board.pk}").payload
    assert payload["board"] == board.pk
    assert payload["seconds"] > 0


@pytest.fixture
def voted():
    made = fact_board(["x", "y"], {"k1": "", "k2": ""}, judges=0, counts_votes=True, open_to_votes=True)
    made.vote("x", "y", "k1", Outcome.A)
    return made


def test_the_sweep_finds_a_vote_whose_process_was_killed_before_it_asked(voted, work):
    boards.rearm_stale()
    assert wanted(voted.board) == (1, "ready")
    work()
    voted.vote("x", "y", "k2", Outcome.A)
    boards.rearm_stale()
    assert wanted(voted.board) == (2, "ready")
    work()
    assert wanted(voted.board) == (2, "done")
    assert voted.board.current.details["counts"]["verdicts"] == 2


def test_the_sweep_asks_for_nothing_where_every_vote_was_read_or_is_being_read(voted, work):
    boards.request_after_vote(voted.board)
    Job.objects.update(state="running")
    boards.rearm_stale()
    assert wanted(voted.board) == (1, "running")
    Job.objects.update(state="ready")
    work()
    boards.rearm_stale()
    assert wanted(voted.board) == (1, "done")


def test_boards_beside_the_one_that_facts_are_for_wait_by_their_number(bell):
    board = sums_board()
    arenas = [sums_board(version=slug, slug=slug, parent=board) for slug in ("one", "two")]
    for one in (board, *arenas):
        boards.request_refresh(one)
        done_in(one, 3.0)
    boards.request_refresh(board, patient=True)
    assert [waits(one) for one in (board, *arenas)] == pytest.approx([12, 36, 36], abs=1)
