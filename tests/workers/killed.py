"""Steps of a run that is killed, each in a process of its own: `python -m tests.workers.killed STEP`."""

from __future__ import annotations

import json
import os
import sys

import django

PROMPTS = 120


def prepare() -> object:
    """An empty database with a board, and the job of judging it."""
    from django.core.management import call_command

    from tests.workers.judged import ask, board_of, judge_at

    call_command("migrate", verbosity=0)
    ask(board_of(PROMPTS), judge_at(os.environ["TOUCHSTONE_ENDPOINTS"]))
    return None


def work() -> object:
    """Do every job, whoever had it before."""
    from leaderboard.models import Job
    from workers.tasks import run

    Job.objects.filter(state="running").update(lease_until="2000-01-01T00:00:00Z")
    while job := Job.objects.filter(state__in=("ready", "running")).order_by("pk").first():
        Job.objects.filter(pk=job.pk).update(not_before="2000-01-01T00:00:00Z")
        run(job.pk)
    return None


def status() -> object:
    """What is stored."""
    from leaderboard.models import Board
    from tests.workers.judged import failed_jobs, stored

    return {"stored": stored(Board.objects.get()), "failed": failed_jobs()}


if __name__ == "__main__":
    django.setup()
    print(json.dumps({"prepare": prepare, "work": work, "status": status}[sys.argv[1]]()))
