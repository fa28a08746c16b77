"""Reads submissions and how far they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.utils import timezone

from leaderboard.contracts.values import VerdictState
from leaderboard.models import BatchOrder, Job, Judgment, Output, Submission
from leaderboard.queries.spending import Spend, spend, waiting

LATELY = 30.0
"""Seconds over which the rate is taken."""
MANY = 16
"""Open jobs whose verdicts are counted one by one; of more, only what is done counts."""


@dataclass(frozen=True)
class Batched:
    """Calls that were ordered at a Batch API and are to come, by the endpoint's own count.

    `trouble`: why the endpoint could not be asked last, empty where it could.
    """

    done: int
    failed: int
    total: int
    trouble: str


@dataclass(frozen=True)
class Progress:
    """How much is made and judged. `to_judge` is 0 until judging is planned; `failed` counts jobs.

    `outputs` has the candidates of a best-of-n entry too, for they are what takes time.

    `unasked`: later turns of conversations that have no answer to go on from.

    `seconds_left` is for the present stage at its speed so far; None where that cannot be told yet. `rate`: verdicts a
    second lately, while judging. `waiting`: why a piece of work waits, empty where none does.
    """

    outputs: int
    outputs_wanted: int
    judged: int
    to_judge: int
    failed: int
    seconds_left: int | None = None
    rate: float | None = None
    waiting: str = ""
    spend: Spend | None = None
    batched: Batched | None = None
    unasked: int = 0


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
    made, each = _made(submission)
    jobs = Job.objects.filter(submission=submission)
    # A job that was split stays as cancelled beside its halves, whose items are counted.
    sums = jobs.filter(kind=Job.Kind.JUDGE).aggregate(
        judged=Sum("items", filter=Q(state=Job.State.DONE)),
        total=Sum("items", filter=~Q(state=Job.State.CANCELLED)),
    )
    wanted = submission.board.benchmark.prompts.count() * submission.runs * each
    judged, to_judge = (sums["judged"] or 0) + _judged_in_open(jobs), sums["total"] or 0
    return Progress(
        outputs=made,
        outputs_wanted=wanted,
        judged=judged,
        to_judge=to_judge,
        failed=jobs.filter(state=Job.State.FAILED).count(),
        seconds_left=_seconds_left(submission, wanted - made, to_judge - judged, judged),
        rate=_rate(submission),
        waiting=waiting(_jobs_for(submission)),
        spend=spend(f"submission:{submission.pk}"),
        batched=_batched(submission),
        unasked=_unasked(submission),
    )


def _unasked(submission: Submission) -> int:
    """Of a submission that has ended, as until then any answer may come."""
    prompts = submission.board.benchmark.prompts
    chain = dict(prompts.exclude(follows=None).values_list("pk", "follows_id")) if submission.ended else {}
    if not chain:
        return 0
    mine = Output.objects.filter(entry=submission.entry_id, prompt__in={*chain, *chain.values()})
    made = set(mine.values_list("prompt_id", "sample"))
    samples = range(submission.runs)
    return sum((last, sample) not in made for last in chain.values() for sample in samples)


def _jobs_for(submission: Submission) -> QuerySet[Job]:
    """Its own, and those of its sweep that make outputs for it among others."""
    own = Q(submission=submission)
    return Job.objects.filter(own | Q(sweep=submission.sweep_id) if submission.sweep_id else own)


def _batched(submission: Submission) -> Batched | None:
    if submission.state != Submission.State.JUDGING:
        return None
    orders = BatchOrder.objects.filter(submission=submission).exclude(state=BatchOrder.State.CLOSED)
    rows = list(orders.values_list("total", "done", "failed", "error"))
    if not rows:
        return None
    total, done, failed, errors = zip(*rows, strict=True)
    return Batched(sum(done), sum(failed), sum(total), next(filter(None, errors), ""))


def _judged_in_open(jobs: QuerySet[Job]) -> int:
    """Verdicts of jobs that are in the middle of their work, or wait there."""
    begun = jobs.filter(kind=Job.Kind.JUDGE, payload__has_key="judge", epoch__gt=0)
    found = Q()
    for payload in begun.filter(state__in=(Job.State.READY, Job.State.RUNNING)).values_list("payload", flat=True)[
        :MANY
    ]:
        named = {"judge": payload["judge"], "swapped": payload["swapped"], "comparison__in": payload["items"]}
        found |= Q(**named, repeat=0)
    return Judgment.objects.filter(found).count() if found else 0


def _rate(submission: Submission) -> float | None:
    if submission.state != Submission.State.JUDGING:
        return None
    entry, since = submission.entry_id, timezone.now() - timedelta(seconds=LATELY)
    mine = Q(comparison__entry_a=entry) | Q(comparison__entry_b=entry)
    lately = Judgment.objects.filter(mine, judge__boards=submission.board_id, created_at__gte=since)
    found = lately.aggregate(count=Count("pk", distinct=True), first=Min("created_at"))
    if not found["count"]:
        return None
    seconds = (timezone.now() - found["first"]).total_seconds()
    return float(found["count"] / max(1.0, seconds))


def _made(submission: Submission) -> tuple[int, int]:
    """Outputs stored, and how many are wanted for each prompt and sample."""
    entry, runs = submission.entry, submission.runs
    outputs = Output.objects.filter(prompt__benchmark=submission.board.benchmark_id)
    made = outputs.filter(entry=entry, sample__lt=runs).count()
    if entry.decoding.pool_id is None:
        return made, 1
    n = entry.decoding.candidates
    return made + outputs.filter(entry=entry.pool(), sample__lt=runs * n).count(), n + 1


def _seconds_left(submission: Submission, to_make: int, to_judge: int, judged: int) -> int | None:
    """What is left, at the pace of this stage since it began."""
    if submission.state == Submission.State.GENERATING:
        since = Output.objects.filter(
            entry__in={submission.entry_id, submission.entry.pool().pk},
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
