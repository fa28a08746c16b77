"""Steps of a run, each in a process of its own: `python -m tests.e2e.drive STEP`, settings by environment."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import django

SLUG, PROMPTS = "small", 12
REQUESTS: tuple[dict[str, Any], ...] = tuple(
    {
        "board": SLUG,
        "generator": "transformers",
        "model": {"model": model, "batch_size": 1},
        "strategy": strategy,
        "decoding": {"max_new_tokens": 64, **decoding},
        "samples": samples,
        "seed": 1,
    }
    for model, strategy, decoding, samples in (
        ("pebble-s", "greedy", {}, 1),
        ("pebble-s", "temperature", {"temperature": 1.0}, 1),
        ("pebble-m", "min-p", {"temperature": 2.0, "min_p": 0.1}, 4),
    )
)
"""Three real entries, as bodies of the API; decoded one output at a time, for a job to last some seconds."""
OUTPUTS = PROMPTS * sum(request["samples"] for request in REQUESTS)


def board() -> dict[str, object]:
    """A board of twelve pebble tasks, and a token for one who may submit to it."""
    from leaderboard.contracts.registry import benchmarks
    from leaderboard.contracts.values import BenchmarkData
    from leaderboard.models import Board, User
    from leaderboard.services import accounts, catalog

    items = benchmarks.build("pebble-tasks", {}).load().items[::8]
    made = Board.objects.create(
        slug=SLUG,
        title="Small",
        benchmark=catalog.benchmark(BenchmarkData("small", "1", items)),
        metric=catalog.metric(plugin="exact-match", params={}),
        open_to_submissions=True,
    )
    made.judges.add(catalog.judge(plugin="reference", params={}))
    _, token = accounts.make_token(user=User.objects.create_user("ada"), name="test")
    return {"token": token}


def alone() -> dict[str, object]:
    """The whole run in this process, one job after another: nothing disturbs it."""
    from leaderboard.models import Job
    from leaderboard.services import submissions
    from workers.tasks import run

    board()
    for request in REQUESTS:
        submissions.submit(submissions.Request(**request), user=None)
    while job := Job.objects.filter(state="ready").order_by("not_before", "pk").first():
        run(job.pk)
        time.sleep(0.02)
    return status()


def status() -> dict[str, object]:
    """What is stored; changes nothing."""
    from django.db.models import Max

    from leaderboard.models import Board, Job, Output, Submission

    found = Board.objects.select_related("current").get()
    rows = found.current.standings.select_related("entry") if found.current else ()
    return {
        "states": sorted(Submission.objects.values_list("state", flat=True)),
        "errors": [error for error in Submission.objects.values_list("error", flat=True) if error],
        "outputs": Output.objects.count(),
        "open": Job.objects.filter(state__in=("ready", "running")).count(),
        "most_attempts": Job.objects.filter(kind=Job.Kind.GENERATE).aggregate(most=Max("attempts"))["most"],
        "digest": found.current.digest if found.current else "",
        "standings": [[r.entry.slug, r.rank_low, r.rank_high, r.n, r.missing, r.score] for r in rows],
    }


if __name__ == "__main__":
    django.setup()
    print(json.dumps({"board": board, "alone": alone, "status": status}[sys.argv[1]]()))
