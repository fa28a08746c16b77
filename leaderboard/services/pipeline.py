"""From a submission to judged comparisons: plan the jobs, move on when they are done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from leaderboard.contracts import registry
from leaderboard.models import Board, Comparison, Entry, Job, Judgment, Output, Score, Submission
from leaderboard.services import boards, facts, jobs
from leaderboard.services.jobs import NewJob

GENERATE_CHUNK = 64
JUDGE_CHUNK = 200
State = Submission.State


def plan(submission: Submission) -> None:
    """Queue the outputs that are missing; from QUEUED only, so a doubled message does nothing."""
    with transaction.atomic():
        if not _move(submission, State.QUEUED, State.GENERATING):
            return
        missing = _missing_outputs(submission)
        jobs.enqueue(_generate_jobs(submission, missing))
    if not missing:
        advance(submission)


def _move(submission: Submission, expected: str, new: str, error: str = "") -> bool:
    return Submission.objects.filter(pk=submission.pk, state=expected).update(state=new, error=error) == 1


def _missing_outputs(submission: Submission) -> list[list[int]]:
    """[prompt id, sample] of each output not stored yet, samples of a prompt side by side."""
    stored = set(_outputs_of(submission.entry_id, submission.board).values_list("prompt_id", "sample"))
    prompts = submission.board.benchmark.prompts.order_by("position").values_list("pk", flat=True)
    wanted = ((prompt, sample) for prompt in prompts for sample in range(submission.samples))
    return [list(item) for item in wanted if item not in stored]


def _outputs_of(entry_id: int, board: Board) -> QuerySet[Output]:
    return Output.objects.filter(entry_id=entry_id, prompt__benchmark=board.benchmark_id)


def _generate_jobs(submission: Submission, items: list[list[int]]) -> list[NewJob]:
    kind = registry.generators.get(submission.entry.model.generator)
    return [
        NewJob(
            key=f"generate:{submission.pk}:{start}",
            kind=Job.Kind.GENERATE,
            queue=f"gpu.{kind.backend}",
            payload={"items": items[start : start + GENERATE_CHUNK]},
            submission_id=submission.pk,
            items=len(items[start : start + GENERATE_CHUNK]),
        )
        for start in range(0, len(items), GENERATE_CHUNK)
    ]


def advance(submission: Submission) -> None:
    """Move a submission to its next stage if all its jobs have ended. Safe to call at any time."""
    submission.refresh_from_db()
    if Job.objects.filter(submission=submission, state__in=jobs.OPEN).exists():
        return
    if submission.state == State.GENERATING:
        _start_judging(submission)
    elif submission.state == State.JUDGING:
        _end(submission)


def _start_judging(submission: Submission) -> None:
    if not _outputs_of(submission.entry_id, submission.board).exists():
        _move(submission, State.GENERATING, State.FAILED, _first_error(submission) or "No output was made.")
        return
    with transaction.atomic():
        if not _move(submission, State.GENERATING, State.JUDGING):
            return
        facts.add_comparisons(list(_new_comparisons(submission.board, submission.entry)))
        jobs.enqueue(_judging_jobs(submission))
        boards.request_refresh(submission.board)
    advance(submission)


def _end(submission: Submission) -> None:
    failed = Job.objects.filter(submission=submission, state=Job.State.FAILED).exists()
    end = State.PARTIAL if failed else State.DONE
    if _move(submission, State.JUDGING, end, _first_error(submission) if failed else ""):
        boards.request_refresh(submission.board)


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
        made += _chunks(submission, f"score:{board.metric_id}", {"metric": board.metric_id}, _ids(unscored))
    for judge in board.judges.exclude(plugin="imported"):
        for swapped in (False, True) if judge.both_orders else (False,):
            todo = _unjudged(submission, judge.pk, swapped)
            payload = {"judge": judge.pk, "swapped": swapped}
            made += _chunks(submission, f"judge:{judge.pk}:{int(swapped)}", payload, todo)
    return made


def _ids(rows: QuerySet[Any]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _unjudged(submission: Submission, judge_id: int, swapped: bool) -> list[int]:
    on_board = list(submission.board.entries.values_list("pk", flat=True))
    mine = Q(entry_a=submission.entry_id, entry_b__in=on_board) | Q(entry_b=submission.entry_id, entry_a__in=on_board)
    judged = Judgment.objects.filter(
        judge=judge_id, swapped=swapped, comparison__prompt__benchmark=submission.board.benchmark_id
    )
    found = Comparison.objects.filter(mine, prompt__benchmark=submission.board.benchmark_id)
    return _ids(found.exclude(pk__in=judged.values("comparison_id")))


def _chunks(submission: Submission, name: str, payload: Mapping[str, object], ids: list[int]) -> list[NewJob]:
    return [
        NewJob(
            key=f"{name}:{submission.pk}:{start}",
            kind=Job.Kind.JUDGE,
            queue="judge",
            payload={**payload, "items": ids[start : start + JUDGE_CHUNK]},
            submission_id=submission.pk,
            items=len(ids[start : start + JUDGE_CHUNK]),
        )
        for start in range(0, len(ids), JUDGE_CHUNK)
    ]


def sweep() -> int:
    """Ring for due jobs and move on every submission whose last worker died before it could."""
    active = Submission.objects.filter(state__in=(State.GENERATING, State.JUDGING))
    for submission in active.exclude(jobs__state__in=jobs.OPEN).select_related("board__benchmark", "entry__model"):
        advance(submission)
    boards.rearm_stale()
    return jobs.send_due()
