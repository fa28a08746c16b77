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

from leaderboard.contracts import registry
from leaderboard.contracts.params import InvalidInput
from leaderboard.models import (
    Board,
    BoardSnapshot,
    Job,
    Judgment,
    Output,
    Prompt,
    Score,
    Standing,
    Submission,
    Sweep,
    Vote,
    VoteUndo,
)
from leaderboard.services import ballots, boards, jobs, pipeline, submissions, sweeps
from leaderboard.services.grids import Grid
from tests.conversations import Chatty, talk_board
from tests.factories import request_for, submit, sums_board

pytestmark = [
    pytest.mark.skipif(connection.vendor == "sqlite", reason="Needs a server; tests/e2e/test_postgres.py runs these."),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("parrot", "bell"),
]
CROWD = 8
VOTES = 200


def together(act: Callable[[int], Any], count: int = CROWD) -> list[Any]:
    """What each of `count` threads got that began in the same moment; an exception counts as an answer."""
    start = threading.Barrier(count)

    def one(number: int) -> Any:
        start.wait(60)
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


GRIDS = (Grid("greedy", {}), Grid("temperature", {"temperature": [0.5, 1]}))


def small_sweep() -> Sweep:
    """Three arms, planned: their outputs wait in one job that belongs to none of them."""
    sums_board()
    made, _ = sweeps.submit(sweeps.Request("sums", "parrot", {"model": "polly"}, GRIDS, samples=2), user=None)
    pipeline.plan_sweep(made)
    return made


def test_a_sweep_sent_many_times_at_once_is_one(django_user_model):
    sums_board()
    user = django_user_model.objects.create_user("ada")
    request = sweeps.Request("sums", "parrot", {"model": "polly"}, GRIDS)
    answers = together(lambda _: sweeps.submit(request, user=user, idempotency_key="once"))
    assert sorted(new for _, new in answers) == [False] * (CROWD - 1) + [True]
    assert (Sweep.objects.count(), Submission.objects.count()) == (1, 3)


def test_a_sweep_planned_many_times_at_once_is_planned_once():
    sums_board()
    made, _ = sweeps.submit(sweeps.Request("sums", "parrot", {"model": "polly"}, GRIDS, samples=2), user=None)
    assert together(lambda _: pipeline.plan_sweep(Sweep.objects.get(pk=made.pk))) == [None] * CROWD
    assert [job.items for job in Job.objects.filter(kind="generate")] == [6 * 5]
    assert set(made.submissions.values_list("state", flat=True)) == {"generating"}


def test_a_mixed_job_goes_to_one_of_many_workers_and_an_arm_cancelled_meanwhile_stays_so(work):
    made = small_sweep()
    pk = Job.objects.get(kind="generate").pk
    arm = made.submissions.get(arm=1)
    answers = together(lambda n: submissions.cancel(arm) if n == 0 else jobs.claim(pk, f"host:{n}"))
    claimed = [answer for answer in answers if isinstance(answer, Job)]
    held = [job for job in claimed if jobs.renew(job)]
    assert len(held) <= 1
    jobs.release("host")
    Job.objects.filter(pk=pk).update(state="ready", not_before="2000-01-01T00:00:00Z")
    work()
    states = dict(made.submissions.values_list("arm", "state"))
    assert states == {0: "done", 1: "cancelled", 2: "done"}


def test_a_mixed_job_divided_by_many_at_once_is_divided_once(settings):
    settings.MAX_ATTEMPTS = 1
    made = small_sweep()
    job = jobs.claim(Job.objects.get(kind="generate").pk, "host:1")
    together(lambda _: jobs.give_back(job, "broken"))
    parts = Job.objects.filter(kind="generate", submission__isnull=False)
    assert sorted(part.submission.arm for part in parts) == [0, 1, 2]
    assert Job.objects.get(pk=job.pk).state == "cancelled"
    together(lambda _: pipeline.advance_sweep(made))
    assert set(made.submissions.values_list("state", flat=True)) == {"generating"}


@pytest.fixture
def people(ranked):
    """A board that ranks the same entries by votes."""
    return Board.objects.create(
        slug="people", title="People", benchmark=ranked.benchmark, parent=ranked, counts_votes=True, open_to_votes=True
    )


def test_of_many_pages_opened_at_once_one_can_be_voted_on(people):
    """So that nobody opens many to pick the pair that they like."""
    issued = {ballot.pk: ballot for ballot in together(lambda _: ballots.issue(people, voter="v"))}
    signed = [ballots.sign(ballot, session="s") for ballot in issued.values()]
    answers = together(lambda n: ballots.cast(people, signed[n], "left", voter="v", session="s"), len(signed))
    votes = [answer for answer in answers if isinstance(answer, Vote)]
    assert [vote.ballot_id for vote in votes] == [max(issued)]
    assert {type(answer) for answer in answers} <= {Vote, InvalidInput}


def test_many_votes_at_once_on_one_ballot_count_once(people):
    signed = ballots.sign(ballots.issue(people, voter="v"), session="s")
    answers = together(lambda _: ballots.cast(people, signed, "left", voter="v", session="s"), VOTES)
    assert Counter(type(answer) for answer in answers) == {Vote: 1, InvalidInput: VOTES - 1}
    told = {error.message for answer in answers if isinstance(answer, InvalidInput) for error in answer.errors}
    assert (Vote.objects.count(), told) == (1, {"You have voted on this pair already. Ask for a new pair."})
    taken = together(lambda _: ballots.undo(people, signed, voter="v", session="s"))
    assert Counter(type(answer) for answer in taken) == {VoteUndo: 1, InvalidInput: CROWD - 1}


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


def test_many_workers_that_end_the_first_turns_at_once_plan_the_next_ones_once(monkeypatch):
    from workers import tasks

    with registry.generators.override(Chatty):
        submission = submit(talk_board(), {"model": "ann"})
        with monkeypatch.context() as still:
            still.setattr(tasks.pipeline, "advance", lambda _: None)
            while due := Job.objects.filter(state="ready", kind__in=("plan", "generate")).order_by("pk").first():
                tasks.run(due.pk)
        together(lambda _: pipeline.advance(Submission.objects.get(pk=submission.pk)))
    later = Job.objects.filter(kind="generate", state="ready").values_list("payload", flat=True)
    asked = [tuple(item) for payload in later for item in payload["items"]]
    wanted = Prompt.objects.filter(key__in=("q:turn-2", "r:turn-2")).values_list("pk", flat=True)
    assert sorted(asked) == sorted((pk, 0) for pk in wanted)


def test_many_decisions_at_once_make_one_chain(django_user_model):
    from leaderboard.queries import audit_log
    from leaderboard.services import quarantine

    user = django_user_model.objects.create_superuser("mod", password="x")
    board = sums_board()

    def decide(number: int) -> Any:
        return quarantine.decide(board=board, voter=f"user:{number}", quarantined=True, reason="seen", user=user)

    assert not [found for found in together(decide) if isinstance(found, Exception)]
    chain = audit_log.check()
    assert (chain.entries, chain.broken) == (CROWD, None)
