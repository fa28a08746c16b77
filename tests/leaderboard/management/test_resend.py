"""`manage.py resend`: what no message rings for is rung for again."""

from __future__ import annotations

import pytest

from leaderboard.models import Job
from tests.factories import submit, sums_board
from tests.leaderboard.commands.test_commands import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]


def test_a_forgotten_job_is_sent_again(capsys, bell):
    submission = submit(sums_board(), {})
    Job.objects.update(sent_at=None)
    bell.clear()
    assert run(capsys, "resend") == (0, "1 jobs sent\n", "")
    assert bell == [(Job.objects.get(submission=submission).pk, "default")]
    assert run(capsys, "resend")[1] == "0 jobs sent\n"
