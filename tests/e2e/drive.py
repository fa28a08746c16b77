"""Drives one whole run from outside the worker: `python -m tests.e2e.drive start|status`, settings by environment."""

from __future__ import annotations

import json
import sys

import django


def start() -> dict[str, object]:
    """A board of twelve pebble tasks and three real entries."""
    from leaderboard.contracts.registry import benchmarks
    from leaderboard.contracts.values import BenchmarkData
    from leaderboard.models import Board
    from leaderboard.services import catalog, submissions

    items = benchmarks.build("pebble-tasks", {}).load().items[::8]
    board = Board.objects.create(
        slug="small",
        title="Small",
        benchmark=catalog.benchmark(BenchmarkData("small", "1", items)),
        metric=catalog.metric(plugin="exact-match", params={}),
        open_to_submissions=True,
    )
    board.judges.add(catalog.judge(plugin="reference", params={}))
    for strategy, decoding, samples in (
        ("greedy", {}, 1),
        ("temperature", {"temperature": 1.0}, 3),
        ("min-p", {"temperature": 2.0, "min_p": 0.1}, 3),
    ):
        request = submissions.Request(
            board="small",
            generator="transformers",
            model={"model": "pebble-s"},
            strategy=strategy,
            decoding={"max_new_tokens": 64, **decoding},
            samples=samples,
            seed=1,
        )
        submissions.submit(request, user=None)
    return status()


def status() -> dict[str, object]:
    """Sweeps once, as beat would, and tells how far it is."""
    from leaderboard.models import Board, Job, Output, Submission
    from leaderboard.services import pipeline

    pipeline.sweep()
    board = Board.objects.select_related("current").get()
    return {
        "states": sorted(Submission.objects.values_list("state", flat=True)),
        "errors": [error for error in Submission.objects.values_list("error", flat=True) if error],
        "outputs": Output.objects.count(),
        "open": Job.objects.filter(state__in=("ready", "running")).count(),
        "fresh": board.built >= board.wanted,
        "digest": board.current.digest if board.current else "",
        "standings": [
            [row.entry.slug, row.rank_low, row.rank_high, row.n, row.missing, row.score]
            for row in (board.current.standings.select_related("entry") if board.current else ())
        ],
    }


if __name__ == "__main__":
    django.setup()
    print(json.dumps({"start": start, "status": status}[sys.argv[1]]()))
