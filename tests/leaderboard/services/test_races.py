"""Two at once, in threads with a connection each: one of them wins, and nothing is doubled.

SQLite's test database is one connection in memory, so these need a server; tests/e2e/test_postgres.py gives them one.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Board, BoardSnapshot, Job, Judgment, Output, Score, Standing, Submission, Vote
from leaderboard.services import arena, boards, jobs, submissions
from tests.factories import request_for, submit, sums_board

pytestmark = [
    pytest.mark.skipif(connection.vendor == "sqlite", reason="Needs a server; tests/e2e/test_postgres.py runs these."),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("parrot", "bell"),
]
CROWD = 8


def together(act: Callable[[int], Any], count: int = CROWD) -> list[Any]:
    """What each of `count` threads got that began in the same moment; an exception counts as an answer."""
    start = threading.Barrier(count)

    def one(number: int) -> Any:
        start.wait(10)
        try:
            return act(number)
        except Exception as problem:
            return problem
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def facts() -> list[int]:
    return [kind.objects.count() for kind in (Output, Score, Judgment, BoardSnapshot, Standing)]


@pytest.fixture
def ranked(work):
    """A board with a right and a wrong entry, all work done."""
    board = sums_board()
    submit(board, {"model": "right"})
    submit(board, {"model": "wrong", "wrong_every": 2})
    work()
    board.refresh_from_db()
    return board


def test_one_of_many_workers_gets_a_job():
    pk = Job.objects.get(submission=submit(sums_board(), {})).pk
    won = [job for job in together(lambda n: jobs.claim(pk, f"host:{n}")) if job]
    assert len(won) == 1
    job = Job.objects.get(pk=pk)
    assert (job.owner, job.epoch, job.attempts) == (won[0].owner, 1, 1)


def test_a_lapsed_lease_goes_to_one_and_the_old_worker_is_fenced():
    pk = Job.objects.get(submission=submit(sums_board(), {})).pk
    old = jobs.claim(pk, "old:1")
    jobs.release("old:1")
    won = [job for job in together(lambda n: jobs.finish(old) if n == 0 else jobs.claim(pk, f"host:{n}")) if job]
    assert len(won) == 1
    assert jobs.finish(old) is False


def test_many_inserts_of_one_job_make_one():
    new = jobs.NewJob(key="the one", kind=Job.Kind.PLAN, queue="default", payload={})
    assert together(lambda _: jobs.enqueue([new])) == [None] * CROWD
    assert Job.objects.filter(key="the one").count() == 1


def test_a_form_sent_many_times_at_once_is_one_submission(django_user_model):
    user = django_user_model.objects.create_user("ada")
    request = request_for(sums_board(), {"model": "polly"})
    answers = together(lambda _: submissions.submit(request, user=user, idempotency_key="once"))
    assert sorted(new for _, new in answers) == [False] * (CROWD - 1) + [True]
    assert {stored.pk for stored, _ in answers} == {Submission.objects.get().pk}


def test_many_votes_at_once_on_one_ballot_count_once(ranked):
    people = Board.objects.create(
        slug="people", title="People", benchmark=ranked.benchmark, parent=ranked, counts_votes=True, open_to_votes=True
    )
    token = arena.draw(people, voter="v").token
    answers = together(lambda _: arena.cast(token=token, voter="v", user=None, choice="left"))
    assert Counter(type(answer) for answer in answers) == {Vote: 1, InvalidInput: CROWD - 1}
    assert Vote.objects.count() == 1


def test_many_refreshes_at_once_give_one_snapshot(ranked):
    """A refresh that loses may fail, as its job is then tried again; it may not store a second result."""
    Standing.objects.all()._raw_delete("default")
    Board.objects.update(current=None)
    BoardSnapshot.objects.all()._raw_delete("default")
    answers = together(lambda _: boards.refresh(Board.objects.get(slug="sums")))
    stored = BoardSnapshot.objects.get()
    assert {answer.pk for answer in answers if isinstance(answer, BoardSnapshot)} == {stored.pk}
    assert Board.objects.get(slug="sums").current == stored
    assert Standing.objects.count() == 2


def test_every_message_delivered_to_two_workers_at_once_changes_nothing(ranked, work, settings):
    from workers.tasks import run

    settings.REFRESH_SECONDS = 0
    expected, digest = facts(), ranked.current.digest
    with connection.cursor() as cursor:
        tables = "leaderboard_output, leaderboard_submission, leaderboard_job, leaderboard_boardsnapshot"
        cursor.execute(f"TRUNCATE {tables} CASCADE")
    board = sums_board()
    for model in ({"model": "right"}, {"model": "wrong", "wrong_every": 2}):
        submit(board, model)
    while due := Job.objects.filter(state="ready").order_by("not_before", "pk").first():
        together(lambda _, pk=due.pk: run(pk), count=2)
    board.refresh_from_db()
    assert (facts(), board.current.digest) == (expected, digest)
