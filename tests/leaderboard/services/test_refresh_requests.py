"""When a board is rated next: soon, or after a pause that keeps rating a small part of the work."""

from __future__ import annotations

import pytest
from django.utils import timezone

from leaderboard.models import Job
from leaderboard.services import boards
from tests.factories import sums_board

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


def test_what_a_refresh_took_is_kept_with_its_job(work):
    board = sums_board()
    boards.request_refresh(board)
    work()
    payload = Job.objects.get(key=f"refresh:{board.pk}").payload
    assert payload["board"] == board.pk
    assert payload["seconds"] > 0
