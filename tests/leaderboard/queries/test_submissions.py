"""How far a submission is, and how long it still takes."""

from __future__ import annotations

import pytest

from leaderboard.models import Job, Submission
from leaderboard.queries.submissions import progress
from tests.factories import submit, sums_board
from workers.tasks import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot", "bell")]


def test_the_time_left_is_told_once_there_is_a_pace_and_not_after_the_end(work, monkeypatch):
    from leaderboard.services import pipeline

    monkeypatch.setattr(pipeline, "GENERATE_CHUNK", 2)
    submission = submit(sums_board(), {})
    assert progress(submission).seconds_left is None
    run(Job.objects.get(kind="plan").pk)
    run(Job.objects.filter(kind="generate").first().pk)
    halfway = progress(Submission.objects.get(pk=submission.pk))
    assert (halfway.outputs, halfway.outputs_wanted) == (2, 6)
    assert halfway.seconds_left >= 0
    work()
    ended = progress(Submission.objects.get(pk=submission.pk))
    assert (ended.outputs, ended.judged, ended.seconds_left) == (6, ended.to_judge, None)
