"""Reads sweeps: what was declared, how far each arm is, and what the arms reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Avg, Count, Q, QuerySet
from numpy.typing import NDArray

from leaderboard.models import Board, Job, Output, Score, Submission, Sweep
from leaderboard.queries.scores import counted
from leaderboard.queries.spending import Spend, spend, waiting
from leaderboard.ratings.variation.arms import ArmResult, arm_results, choosable
from leaderboard.ratings.variation.prompt_split import tune_mask

SHOWN = 50
State = Submission.State


@dataclass(frozen=True)
class ArmLine:
    """An arm as declared, its submission, `made` and `scored` of `wanted` outputs, and what it reached."""

    label: str
    strategy: str
    submission: Submission
    made: int
    scored: int
    wanted: int
    can_be_chosen: bool
    result: ArmResult
    is_baseline: bool


@dataclass(frozen=True)
class SweepView:
    """A sweep with all its arms, as they were declared. `chosen`: the arm that is best on the tune prompts.

    Nothing is chosen before every arm has ended. `waiting`: why a piece of work waits, empty where none does.
    """

    sweep: Sweep
    arms: list[ArmLine]
    tune_prompts: int
    test_prompts: int
    ended: bool
    can_retry: bool
    waiting: str = ""
    spend: Spend | None = None

    @property
    def chosen(self) -> ArmLine | None:
        """The arm that was chosen on tune prompts; None before, or where none could be."""
        return next((arm for arm in self.arms if arm.result.best), None)

    @property
    def made(self) -> int:
        """Outputs of all arms that are stored."""
        return sum(arm.made for arm in self.arms)

    @property
    def wanted(self) -> int:
        """Outputs that all arms ask for."""
        return sum(arm.wanted for arm in self.arms)


def all_sweeps() -> QuerySet[Sweep]:
    """Sweeps with all that their page shows."""
    return Sweep.objects.select_related("board__benchmark", "board__metric", "model", "template", "user")


def of_board(board: Board) -> QuerySet[Sweep]:
    """The latest sweeps of a board, each with how many of its arms have ended."""
    ended = Count("submissions", filter=Q(submissions__state__in=Submission.ENDED))
    found: QuerySet[Sweep] = all_sweeps().filter(board=board).annotate(ended=ended)
    return found.order_by("-created_at")[:SHOWN]


def view(sweep: Sweep) -> SweepView:
    """The sweep as its page and the API show it; a constant number of queries."""
    arms = list(sweep.submissions.order_by("arm").select_related("entry__decoding", "entry__model", "entry__template"))
    prompts = list(sweep.board.benchmark.prompts.order_by("position").values_list("pk", "key"))
    mask = tune_mask([key for _, key in prompts], sweep.tune)
    ended = all(arm.ended for arm in arms)
    means, scored = _scores(sweep, arms, [pk for pk, _ in prompts])
    wanted = [arm["runs"] * len(prompts) for arm in sweep.arms]
    shares = [count / most if most else 0.0 for count, most in zip(scored, wanted, strict=True)]
    can = choosable([ended and arm.state == State.DONE for arm in arms], shares)
    results = arm_results(
        means,
        mask,
        [arm["strategy"] for arm in sweep.arms],
        complete=can,
        baseline=sweep.baseline,
        greedy=next((place for place, arm in enumerate(sweep.arms) if arm["strategy"] == "greedy"), None),
    )
    made = _made(sweep, arms)
    lines = [
        ArmLine(
            label=declared["label"],
            strategy=declared["strategy"],
            submission=arm,
            made=made.get(arm.entry_id, 0),
            scored=scored[place],
            wanted=wanted[place],
            can_be_chosen=can[place],
            result=results[place],
            is_baseline=place == sweep.baseline,
        )
        for place, (declared, arm) in enumerate(zip(sweep.arms, arms, strict=True))
    ]
    tune = int(mask.sum())
    failed = any(arm.state in (State.PARTIAL, State.FAILED) for arm in arms)
    why = "" if ended else waiting(jobs_of(sweep))
    return SweepView(sweep, lines, tune, len(prompts) - tune, ended, failed, why, spend(f"sweep:{sweep.pk}"))


def jobs_of(sweep: Sweep) -> QuerySet[Job]:
    """Jobs that work for it, or for one of its arms."""
    return Job.objects.filter(Q(sweep=sweep) | Q(submission__sweep=sweep))


def _runs(sweep: Sweep) -> int:
    """Most outputs a prompt of any arm: an arm that has more, by another submission, counts with these alone."""
    return sweep.samples * len(sweep.seeds)


def _made(sweep: Sweep, arms: Sequence[Submission]) -> dict[int, int]:
    found = Output.objects.filter(
        entry__in=[arm.entry_id for arm in arms],
        prompt__benchmark=sweep.board.benchmark_id,
        sample__lt=_runs(sweep),
    )
    return dict(found.values_list("entry").annotate(Count("pk")).order_by())


def _scores(sweep: Sweep, arms: Sequence[Submission], prompts: Sequence[int]) -> tuple[NDArray[np.float64], list[int]]:
    """(A, P) mean over the scored samples, NaN where none is, and how many outputs of each arm are scored."""
    table, counts = np.full((len(arms), len(prompts)), np.nan), [0] * len(arms)
    if sweep.board.metric_id is None:
        return table, counts
    rows = {arm.entry_id: place for place, arm in enumerate(arms)}
    columns = {pk: place for place, pk in enumerate(prompts)}
    found = Score.objects.filter(
        metric=sweep.board.metric_id,
        output__entry__in=rows,
        output__prompt__benchmark=sweep.board.benchmark_id,
        output__sample__lt=_runs(sweep),
    )
    own = found.annotate(counted=counted(sweep.board.metric)).filter(counted__isnull=False)
    sums = own.values_list("output__entry", "output__prompt").annotate(Avg("counted"), Count("pk")).order_by()
    for entry, prompt, mean, count in sums:
        table[rows[entry], columns[prompt]] = mean
        counts[rows[entry]] += count
    return table, counts
