"""What work is estimated to take, as data; the same for submissions and sweeps."""

from __future__ import annotations

from pydantic import BaseModel

from leaderboard.services.estimates import Estimate
from leaderboard.services.work import JudgeWork, Work


class WorkItem(BaseModel):
    """A stage of work; null is "not known". `calls` and `…_at_most` are upper bounds, dollars by the price table.

    `seconds` is on one worker.
    """

    calls: int
    prompt_tokens: int | None
    prompt_tokens_at_most: int | None
    output_tokens: int | None
    output_tokens_at_most: int | None
    usd: float | None
    usd_at_most: float | None
    seconds: float | None
    seconds_at_most: float | None


class JudgeWorkItem(BaseModel):
    """The share of one judge; `measured` is how many of its earlier verdicts it was told from."""

    judge: str
    measured: int
    work: WorkItem


class EstimateItem(BaseModel):
    """The work asked for; tokens, comparisons and judgments are upper bounds.

    `seconds` (at the usual length) and `seconds_at_most` are for generating on one worker, at the speed of `measured`
    stored outputs of the same model; `null` where there are too few of them to tell. `generation` counts candidates
    too. `judging` is the sum over `judges`. `usd`: both together. `assumed`: in words, what was not measured.
    """

    arms: int
    prompts: int
    outputs: int
    output_tokens: int
    comparisons: int
    judgments: int
    measured: int
    tokens_per_second: float | None
    seconds: float | None
    seconds_at_most: float | None
    usd: float | None
    generation: WorkItem
    judging: WorkItem
    judges: list[JudgeWorkItem]
    assumed: list[str]


def item(size: Estimate) -> EstimateItem:
    """The estimate as data."""
    own = vars(size) | {"usd": size.usd, "assumed": list(size.assumed)}
    stages = {"generation": _work(size.generation), "judging": _work(size.judging)}
    return EstimateItem(**{**own, **stages, "judges": [_share(one) for one in size.judges]})


def _work(work: Work) -> WorkItem:
    return WorkItem(**vars(work))


def _share(one: JudgeWork) -> JudgeWorkItem:
    return JudgeWorkItem(judge=one.judge, measured=one.measured, work=_work(one.work))
