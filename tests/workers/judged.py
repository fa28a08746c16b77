"""A board whose comparisons a judge behind HTTP decides, and what is stored of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leaderboard.contracts.values import BenchmarkData, BenchmarkItem, VerdictState
from leaderboard.models import Board, Comparison, Job, Judge, Judgment, Output, Submission
from leaderboard.services import catalog, facts, jobs
from leaderboard.services.jobs import NewJob
from tests.factories import named_entry


def board_of(prompts: int, slug: str = "judged") -> Board:
    """Two entries with an output each to every prompt, and their comparisons; of even prompts the first is longer."""
    items = tuple(BenchmarkItem(f"p{i}", f"Question {i}?") for i in range(prompts))
    board = Board.objects.create(slug=slug, title=slug, benchmark=catalog.benchmark(BenchmarkData(slug, "1", items)))
    entries = [named_entry(f"{slug}-{name}") for name in ("first", "second")]
    board.entries.add(*entries)
    for own, entry in enumerate(entries):
        facts.add_outputs(
            [
                Output(entry=entry, prompt=prompt, text=f"Answer {i}." + " Long." * ((i + own) % 2 == 0))
                for i, prompt in enumerate(board.benchmark.prompts.all())
            ]
        )
    first, second = (list(entry.outputs.order_by("prompt__position")) for entry in entries)
    facts.add_comparisons([facts.comparison_row(a, b) for a, b in zip(first, second, strict=True)])
    return board


def judge_at(url: str, **params: Any) -> Judge:
    """The one-token judge whose model is served at `url`."""
    model = {"base_url": url, "model": "judge-1", "concurrency": 8, "attempts": 4, **params}
    return catalog.judge(plugin="pairwise-llm", params={"generator": "openai", "generator_params": model})


def submission_of(board: Board, **more: Any) -> Submission:
    """One that is being judged."""
    entry = board.entries.order_by("pk").first()
    return Submission.objects.create(board=board, entry=entry, state=Submission.State.JUDGING, **more)


def ask(board: Board, judge: Judge, submission: Submission | None = None, orders: Sequence[bool] = (False,)) -> None:
    """Queue all comparisons of the board as one job for each order."""
    found = Comparison.objects.filter(prompt__benchmark=board.benchmark).order_by("pk")
    items = list(found.values_list("pk", flat=True))
    jobs.enqueue(
        NewJob(
            key=f"judge:{judge.pk}:{int(swapped)}:{board.pk}",
            kind=Job.Kind.JUDGE,
            queue="judge",
            payload={"judge": judge.pk, "swapped": swapped, "items": items},
            submission_id=submission and submission.pk,
            items=len(items),
        )
        for swapped in orders
    )


def stored(board: Board) -> dict[str, tuple[str, float | None]]:
    """State and rounded credit of each verdict, by prompt key and order; a doubled one is an error."""
    rows = Judgment.objects.filter(comparison__prompt__benchmark=board.benchmark)
    found = [
        (f"{key}{'-swapped' * swapped}", (state, None if credit is None else round(credit, 6)))
        for key, swapped, state, credit in rows.values_list("comparison__prompt__key", "swapped", "state", "credit_a")
    ]
    assert len(found) == len(dict(found))
    return dict(found)


def expected(prompts: int, orders: Sequence[bool] = (False,)) -> dict[str, tuple[str, float | None]]:
    """What the length judge says of `board_of(prompts)`."""
    return {
        f"p{i}{'-swapped' * swapped}": (VerdictState.SCORED, 0.119203 if i % 2 else 0.880797)
        for i in range(prompts)
        for swapped in orders
    }


def failed_jobs() -> list[tuple[int, str]]:
    """Number of items and error of each job that failed for good."""
    return [(len(job.payload["items"]), job.error) for job in Job.objects.filter(state=Job.State.FAILED)]
