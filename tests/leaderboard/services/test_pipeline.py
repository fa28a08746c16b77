"""The main path, job by job: submit, generate, judge, rate."""

from __future__ import annotations

import pytest
from django.utils import timezone

from leaderboard.models import Comparison, Job, Judgment, Output, Score, Submission
from leaderboard.models.facts import FactError
from leaderboard.services import jobs, pipeline, submissions
from tests.factories import request_for, submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]


def two_entries(work):
    board = sums_board()
    right, wrong = submit(board, {"model": "right"}), submit(board, {"model": "wrong", "wrong_every": 2})
    work()
    board.refresh_from_db()
    return board, right, wrong


def test_two_submissions_end_on_a_board_with_the_better_one_first(work):
    board, right, wrong = two_entries(work)
    assert {s.state for s in Submission.objects.all()} == {"done"}
    rows = list(board.current.standings.select_related("entry"))
    assert [row.entry_id for row in rows] == [right.entry_id, wrong.entry_id]
    assert [row.score for row in rows] == [100.0, 50.0]
    assert [(row.n, row.missing, row.win_rate) for row in rows] == [(6, 0, 75.0), (6, 0, 25.0)]
    assert (Output.objects.count(), Comparison.objects.count(), Judgment.objects.count(), Score.objects.count()) == (
        12,
        6,
        6,
        12,
    )


def test_every_job_run_twice_changes_nothing(work, bell):
    from workers.tasks import run

    board, *_ = two_entries(work)
    digest, facts = board.current.digest, (Output.objects.count(), Judgment.objects.count())
    for pk, _ in list(bell):
        run(pk)
    work()
    board.refresh_from_db()
    assert (board.current.digest, Output.objects.count(), Judgment.objects.count()) == (digest, *facts)


def test_a_stale_worker_cannot_finish_a_job_that_was_taken_over(work):
    submission = submit(sums_board(), {})
    pk = Job.objects.get(submission=submission).pk
    first = jobs.claim(pk, "host:1")
    assert jobs.claim(pk, "host:2") is None
    jobs.release("host:1")
    second = jobs.claim(pk, "host:2")
    assert (jobs.finish(first), jobs.renew(first), jobs.finish(second)) == (False, False, True)


def test_a_poison_prompt_is_set_aside_and_the_rest_is_ranked(work, settings):
    settings.MAX_ATTEMPTS = 2
    board = sums_board()
    submission = submit(board, {"fails_on": "3+3"})
    work()
    submission.refresh_from_db()
    assert submission.state == "partial"
    assert "cannot add 3+3" in submission.error
    assert set(Output.objects.values_list("prompt__text", flat=True)) == {f"{i}+{i}" for i in (1, 2, 4, 5, 6)}


def test_the_sweep_moves_on_what_a_dead_worker_left(work, bell):
    submission = submit(sums_board(), {})
    Job.objects.filter(submission=submission).update(state="done")
    Submission.objects.filter(pk=submission.pk).update(state="generating")
    pipeline.sweep()
    submission.refresh_from_db()
    assert submission.state == "failed"


def test_cancel_stops_the_jobs_and_keeps_the_outputs(work):
    submission = submit(sums_board(), {})
    assert submissions.cancel(submission)
    assert work() == 0
    assert not submissions.cancel(submission)


def test_facts_cannot_be_changed_or_deleted(work):
    two_entries(work)
    output = Output.objects.first()
    for step in (output.save, output.delete, Output.objects.all().delete, lambda: Output.objects.update(text="x")):
        with pytest.raises(FactError):
            step()


def test_the_same_key_gives_the_same_submission_and_another_request_is_refused(work):
    board = sums_board()
    first, new = submissions.submit(request_for(board, {}), user=None, idempotency_key="k")
    again, not_new = submissions.submit(request_for(board, {}), user=None, idempotency_key="k")
    assert (first.pk, new, not_new) == (again.pk, True, False)
    with pytest.raises(submissions.Conflict):
        submissions.submit(request_for(board, {"model": "other"}), user=None, idempotency_key="k")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"board": "nowhere"}, ("board",)),
        ({"generator": "parot"}, ("generator",)),
        ({"strategy": "min-q"}, ("strategy",)),
        ({"strategy": "temperature", "decoding": {"temperature": -1}}, ("decoding", "temperature")),
        ({"model": {"colour": 1}}, ("model", "colour")),
        ({"samples": 2}, ("samples",)),
        ({"samples": 0}, ("samples",)),
        ({"seed": -1}, ("seed",)),
    ],
)
def test_a_bad_value_is_told_at_its_field_and_stores_nothing(change, path):
    board = sums_board()
    with pytest.raises(submissions.InvalidInput) as problem:
        submissions.submit(request_for(board, **{"model": {}, **change}), user=None)
    assert [error.path for error in problem.value.errors] == [path]
    assert not Submission.objects.exists()


def test_an_end_hurries_the_refresh_only_where_nothing_else_runs(bell, settings):
    settings.REFRESH_SECONDS = 2
    board = sums_board()
    pair = [submit(board, {"model": name}) for name in ("right", "wrong")]
    Submission.objects.update(state="judging")
    Job.objects.all().delete()
    for submission, seconds in zip(pair, (20, 2), strict=True):
        payload = {"board": board.pk, "seconds": 5.0}
        Job.objects.update_or_create(
            key=f"refresh:{board.pk}", defaults={"kind": "refresh", "state": "done", "payload": payload}
        )
        pipeline.advance(submission)
        wait = Job.objects.get(key=f"refresh:{board.pk}").not_before - timezone.now()
        assert wait.total_seconds() == pytest.approx(seconds, abs=1)
