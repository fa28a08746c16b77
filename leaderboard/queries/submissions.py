"""Reads submissions and how far they are."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet, Sum

from leaderboard.contracts.values import VerdictState
from leaderboard.models import Job, Judgment, Output, Submission


@dataclass(frozen=True)
class Progress:
    """How much is made and judged. `to_judge` is 0 until judging is planned; `failed` counts jobs."""

    outputs: int
    outputs_wanted: int
    judged: int
    to_judge: int
    failed: int


def all_submissions() -> QuerySet[Submission]:
    """Submissions with all that their page shows."""
    return Submission.objects.select_related(
        "board__benchmark", "entry__model", "entry__decoding", "entry__template", "user"
    )


def of_user(user_id: int) -> list[Submission]:
    """A user's latest submissions."""
    return list(all_submissions().filter(user=user_id)[:20])


def progress(submission: Submission) -> Progress:
    """Outputs are counted as facts; judging by its jobs."""
    benchmark = submission.board.benchmark
    made = Output.objects.filter(
        entry=submission.entry_id, prompt__benchmark=benchmark, sample__lt=submission.samples
    ).count()
    jobs = Job.objects.filter(submission=submission)
    # A job that was split stays as cancelled beside its halves, whose items are counted.
    sums = jobs.filter(kind=Job.Kind.JUDGE).aggregate(
        judged=Sum("items", filter=Q(state=Job.State.DONE)),
        total=Sum("items", filter=~Q(state=Job.State.CANCELLED)),
    )
    return Progress(
        outputs=made,
        outputs_wanted=benchmark.prompts.count() * submission.samples,
        judged=sums["judged"] or 0,
        to_judge=sums["total"] or 0,
        failed=jobs.filter(state=Job.State.FAILED).count(),
    )


def unscored(submission: Submission) -> list[Judgment]:
    """The latest verdicts on this entry that gave no number, with the judge's own words."""
    entry = submission.entry_id
    found = Judgment.objects.filter(
        Q(comparison__entry_a=entry) | Q(comparison__entry_b=entry),
        judge__boards=submission.board_id,
        comparison__prompt__benchmark=submission.board.benchmark_id,
    ).exclude(state=VerdictState.SCORED)
    return list(found.select_related("judge", "comparison__prompt").order_by("-pk")[:5])
