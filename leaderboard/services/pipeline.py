"""From a submission to judged comparisons: plan the jobs, move on when they are done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from leaderboard.contracts import registry
from leaderboard.contracts.said import said
from leaderboard.models import Board, Comparison, Entry, Job, Output, Score, Submission, Sweep
from leaderboard.services import boards, facts, jobs, live, mixing
from leaderboard.services.jobs import NewJob
from leaderboard.services.orders import unjudged_by_order

GENERATE_CHUNK = 64
JUDGE_CHUNK = 1000
State = Submission.State


def plan(submission: Submission) -> None:
    """Queue the outputs that are missing; from QUEUED only, so a doubled message does nothing."""
    with transaction.atomic():
        if not _move(submission, State.QUEUED, State.GENERATING):
            return
        maker, missing = to_make(submission)
        jobs.enqueue(_generate_jobs(submission, maker, missing))
    if not missing:
        advance(submission)


def plan_sweep(sweep: Sweep) -> None:
    """As `plan`, for all arms that wait: their outputs to one prompt are made side by side."""
    with transaction.atomic():
        waiting = sweep.submissions.filter(state=State.QUEUED).order_by("arm")
        arms = [one for one in waiting if _move(one, State.QUEUED, State.GENERATING)]
        jobs.enqueue(mixing.generate_jobs(sweep, [(one, *to_make(one)) for one in arms]))
    advance_sweep(sweep)


def advance_sweep(sweep: Sweep) -> None:
    """Move on every arm whose outputs are made."""
    if not Job.objects.filter(sweep=sweep, state__in=jobs.OPEN).exists():
        for submission in sweep.submissions.filter(state=State.GENERATING).order_by("arm"):
            advance(submission)


def to_make(submission: Submission) -> tuple[Entry, list[list[int]]]:
    """The entry whose outputs are generated, and [prompt id, sample] of those that are missing."""
    maker = submission.entry.pool()
    return maker, _missing_outputs(maker, submission, submission.entry.decoding.candidates)


def _move(submission: Submission, expected: str, new: str, error: str = "") -> bool:
    return Submission.objects.filter(pk=submission.pk, state=expected).update(state=new, error=error) == 1


def _missing_outputs(entry: Entry, submission: Submission, each: int = 1) -> list[list[int]]:
    """[prompt id, sample] of each output not stored yet, samples of a prompt side by side; `each` for every sample.

    A turn that follows another is wanted once the entry's own answer to that one is stored, in the same sample.
    """
    stored = _stored(entry.pk, submission.board)
    prompts = submission.board.benchmark.prompts.order_by("position").values_list("pk", "follows_id")
    wanted = ((prompt, sample, last) for prompt, last in prompts for sample in range(submission.runs * each))
    return [
        [prompt, sample]
        for prompt, sample, last in wanted
        if (prompt, sample) not in stored and (last is None or (last, sample) in stored)
    ]


def _stored(entry_id: int, board: Board) -> set[tuple[int, int]]:
    return set(_outputs_of(entry_id, board).values_list("prompt_id", "sample"))


def _outputs_of(entry_id: int, board: Board) -> QuerySet[Output]:
    return Output.objects.filter(entry_id=entry_id, prompt__benchmark=board.benchmark_id)


def _generate_jobs(
    submission: Submission, maker: Entry, items: list[list[int]], *, later: bool = False
) -> list[NewJob]:
    """`later`: planned after others, so that keys name what the jobs begin with."""
    kind = registry.generators.get(submission.entry.model.generator)
    return [
        NewJob(
            key=f"generate:{submission.pk}:{_name_of(items[start]) if later else start}",
            kind=Job.Kind.GENERATE,
            queue=f"gpu.{kind.backend}",
            payload={"entry": maker.pk, "items": items[start : start + GENERATE_CHUNK]},
            submission_id=submission.pk,
            items=len(items[start : start + GENERATE_CHUNK]),
        )
        for start in range(0, len(items), GENERATE_CHUNK)
    ]


def _own(submission: Submission) -> Q:
    """Its jobs, and those of its sweep."""
    return Q(submission=submission) | Q(sweep__isnull=False, sweep=submission.sweep_id)


def advance(submission: Submission) -> None:
    """Move a submission to its next stage if all its jobs have ended. Safe to call at any time."""
    submission.refresh_from_db()
    if Job.objects.filter(_own(submission), state__in=jobs.OPEN).exists():
        return
    if submission.state == State.GENERATING and not _start_turn(submission) and not _start_selecting(submission):
        _start_judging(submission)
    elif submission.state == State.JUDGING:
        _end(submission)


def _start_turn(submission: Submission) -> bool:
    """Queue the next turns of conversations whose last turn is answered; False where there is none (more).

    The row is locked: two workers that end at once must not both plan, or a turn would be made twice.
    """
    if not submission.board.benchmark.prompts.filter(follows__isnull=False).exists():
        return False
    with transaction.atomic():
        locked = Submission.objects.select_for_update().get(pk=submission.pk)
        open_jobs = Job.objects.filter(_own(submission), state__in=jobs.OPEN)
        if locked.state != State.GENERATING or open_jobs.exists():
            return True
        failed = {tuple(item) for item in jobs.failed_items(submission.pk, Job.Kind.GENERATE)}
        maker, missing = to_make(submission)
        ready = [item for item in missing if tuple(item) not in failed]
        jobs.enqueue(_generate_jobs(submission, maker, ready, later=True))
        return open_jobs.all().exists()


def _start_selecting(submission: Submission) -> bool:
    """Queue the choices whose candidates are all there; False where there is nothing (more) to choose."""
    entry, board = submission.entry, submission.board
    if entry.decoding.pool_id is None:
        return False
    n, pool = entry.decoding.candidates, _stored(entry.pool().pk, board)
    failed = {tuple(item) for item in jobs.failed_items(submission.pk, Job.Kind.SELECT)}
    ready = [
        [prompt, sample]
        for prompt, sample in _missing_outputs(entry, submission)
        if (prompt, sample) not in failed and all((prompt, sample * n + i) in pool for i in range(n))
    ]
    jobs.enqueue(_chunks(submission, "select", {}, ready, kind=Job.Kind.SELECT))
    return bool(ready)


def _start_judging(submission: Submission) -> None:
    if not _outputs_of(submission.entry_id, submission.board).exists():
        _move(submission, State.GENERATING, State.FAILED, _first_error(submission) or said("No output was made."))
        return
    with transaction.atomic():
        if not _move(submission, State.GENERATING, State.JUDGING):
            return
        facts.add_comparisons(list(_new_comparisons(submission.board, submission.entry)))
        jobs.enqueue(_judging_jobs(submission))
        boards.request_refresh(submission.board, patient=True)
    advance(submission)


def _end(submission: Submission) -> None:
    failed = Job.objects.filter(submission=submission, state=Job.State.FAILED).exists()
    end = State.PARTIAL if failed else State.DONE
    if _move(submission, State.JUDGING, end, _first_error(submission) if failed else ""):
        running = Submission.objects.filter(board=submission.board).exclude(state__in=Submission.ENDED)
        boards.request_refresh(submission.board, patient=running.exists())


def _first_error(submission: Submission) -> str:
    failed = Job.objects.filter(submission=submission, state=Job.State.FAILED).order_by("pk").first()
    return failed.error if failed else ""


def opponents(board: Board, entry: Entry) -> list[int]:
    """Ids of the entries that `entry` meets on this board."""
    if board.pairing == Board.Pairing.ALL or board.baseline_id is None or board.baseline_id == entry.pk:
        return list(board.entries.exclude(pk=entry.pk).values_list("pk", flat=True))
    return [board.baseline_id]


def _new_comparisons(board: Board, entry: Entry) -> Iterator[Comparison]:
    mine = _by_prompt(_outputs_of(entry.pk, board))
    for other in opponents(board, entry):
        theirs = _by_prompt(_outputs_of(other, board))
        for prompt in mine.keys() & theirs.keys():
            for first, second in sample_pairs(mine[prompt], theirs[prompt]):
                yield facts.comparison_row(first, second)


def _by_prompt(outputs: QuerySet[Output]) -> dict[int, list[Output]]:
    found: dict[int, list[Output]] = defaultdict(list)
    for output in outputs.only("pk", "entry_id", "prompt_id", "sample").order_by("sample"):
        found[output.prompt_id].append(output)
    return found


def sample_pairs(first: list[Output], second: list[Output]) -> list[tuple[Output, Output]]:
    """Sample i meets sample i; an entry with one output meets each sample of the other."""
    if len(first) == 1 or len(second) == 1:
        return [(a, b) for a in first for b in second]
    theirs = {output.sample: output for output in second}
    return [(a, theirs[a.sample]) for a in first if a.sample in theirs]


def _judging_jobs(submission: Submission) -> list[NewJob]:
    board, made = submission.board, []
    if board.metric is not None:
        unscored = _outputs_of(submission.entry_id, board).exclude(
            pk__in=Score.objects.filter(metric=board.metric, output__entry=submission.entry_id).values("output_id")
        )
        failed = set(jobs.failed_items(submission.pk, Job.Kind.JUDGE, metric=board.metric_id))
        todo = [pk for pk in _ids(unscored) if pk not in failed]
        made += _chunks(submission, f"score:{board.metric_id}", {"metric": board.metric_id}, todo)
    mine = Q(entry_a=submission.entry_id) | Q(entry_b=submission.entry_id)
    for judge in board.judges.exclude(plugin="imported"):
        for swapped, unjudged in unjudged_by_order(board, judge, mine).items():
            payload = {"judge": judge.pk, "swapped": swapped}
            failed = set(jobs.failed_items(submission.pk, Job.Kind.JUDGE, **payload))
            todo = [pk for pk in unjudged if pk not in failed]
            made += _chunks(submission, f"judge:{judge.pk}:{int(swapped)}", payload, todo)
    return made


def _ids(rows: QuerySet[Any]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _chunks(
    submission: Submission,
    name: str,
    payload: Mapping[str, object],
    items: list[Any],
    kind: str = Job.Kind.JUDGE,
) -> list[NewJob]:
    """A chunk's key holds its first item: what is planned again after a retry has keys of its own."""
    return [
        NewJob(
            key=f"{name}:{submission.pk}:{_name_of(items[start])}",
            kind=kind,
            queue="judge",
            payload={**payload, "items": items[start : start + JUDGE_CHUNK]},
            submission_id=submission.pk,
            items=len(items[start : start + JUDGE_CHUNK]),
        )
        for start in range(0, len(items), JUDGE_CHUNK)
    ]


def _name_of(item: Any) -> str:
    return ".".join(map(str, item)) if isinstance(item, list) else str(item)


def sweep() -> int:
    """Ring for due jobs and move on every submission whose last worker died before it could."""
    active = Submission.objects.filter(state__in=(State.GENERATING, State.JUDGING))
    idle = active.exclude(jobs__state__in=jobs.OPEN).exclude(sweep__jobs__state__in=jobs.OPEN)
    for submission in idle.select_related("board__benchmark", "entry__model"):
        advance(submission)
    live.tidy()
    boards.rearm_stale()
    return jobs.send_due()
