"""Steps of a run of conversations that is killed: `python -m tests.workers.killed_turns STEP`, each its own process."""

from __future__ import annotations

import json
import os
import sys

import django

TALKS = 40


def prepare() -> object:
    """An empty database with a board of conversations, and a submission to it."""
    from django.core.management import call_command

    from leaderboard.contracts.values import BenchmarkData, BenchmarkItem
    from leaderboard.models import Board
    from leaderboard.services import catalog, submissions
    from tests.workers.answering import request_at

    call_command("migrate", verbosity=0)
    first = [BenchmarkItem(f"p{i}", f"First {i}?") for i in range(TALKS)]
    later = [BenchmarkItem(f"p{i}:turn-2", f"Later {i}?", follows=f"p{i}") for i in range(TALKS)]
    benchmark = catalog.benchmark(BenchmarkData("talk", "1", (*first, *later)))
    Board.objects.create(slug="talk", title="Talk", benchmark=benchmark, open_to_submissions=True)
    submissions.submit(request_at(os.environ["TOUCHSTONE_ENDPOINTS"], "talk"), user=None)
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
    """What is stored, by the prompt's text, and how the submission stands."""
    from leaderboard.models import Output, Submission

    stored = dict(Output.objects.values_list("prompt__text", "text"))
    return {"stored": stored, "state": Submission.objects.get().state, "outputs": Output.objects.count()}


if __name__ == "__main__":
    django.setup()
    print(json.dumps({"prepare": prepare, "work": work, "status": status}[sys.argv[1]]()))
