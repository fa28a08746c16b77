"""Reads submissions and how far they are."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.utils import timezone

from leaderboard.contracts.values import VerdictState
from leaderboard.models import Job, Judgment, Output, Submission


@dataclass(frozen=True)
class Progress:
    """How much is made and judged. `to_judge` is 0 until judging is planned; `failed` counts jobs.

    `seconds_left` is for the present stage at its speed so far; None where that cannot be told yet.
    """

    outputs: int
    outputs_wanted: int
    judged: int
    to_judge: int
    failed: int
    seconds_left: int | None = None


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
    wanted, judged, to_judge = benchmark.prompts.count() * submission.samples, sums["judged"] or 0, sums["total"] or 0
    return Progress(
        outputs=made,
        outputs_wanted=wanted,
        judged=judged,
        to_judge=to_judge,
        failed=jobs.filter(state=Job.State.FAILED).count(),
        seconds_left=_seconds_left(submission, wanted - made, to_judge - judged, judged),
    )


def _seconds_left(submission: Submission, to_make: int, to_judge: int, judged: int) -> int | None:
    """What is left, at the pace of this stage since it began."""
    if submission.state == Submission.State.GENERATING:
        since = Output.objects.filter(
            entry=submission.entry_id,
            prompt__benchmark=submission.board.benchmark_id,
            created_at__gte=submission.created_at,
        ).aggregate(began=Min("created_at"), done=Count("pk"))
        began, done, left = since["began"], since["done"], to_make
    elif submission.state == Submission.State.JUDGING:
        jobs = Job.objects.filter(submission=submission, kind=Job.Kind.JUDGE)
        began, done, left = jobs.aggregate(began=Min("created_at"))["began"], judged, to_judge
    else:
        return None
    if began is None or not done:
        return None
    elapsed: float = (timezone.now() - began).total_seconds()
    return max(0, round(left * elapsed / int(done)))


def unscored(submission: Submission) -> list[Judgment]:
    """The latest verdicts on this entry that gave no number, with the judge's own words."""
    entry = submission.entry_id
    found = Judgment.objects.filter(
        Q(comparison__entry_a=entry) | Q(comparison__entry_b=entry),
        judge__boards=submission.board_id,
        comparison__prompt__benchmark=submission.board.benchmark_id,
    ).exclude(state=VerdictState.SCORED)
    return list(found.select_related("judge", "comparison__prompt").order_by("-pk")[:5])
