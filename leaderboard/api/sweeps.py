"""Sweeps: declare all arms of one, estimate it, follow it, cancel it, retry what failed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Header, Router, Status
from ninja.errors import AuthorizationError
from pydantic import BaseModel, ConfigDict, Field

from leaderboard.api import estimates
from leaderboard.api.auth import SignedRequest
from leaderboard.api.estimates import EstimateItem
from leaderboard.api.problems import responses
from leaderboard.api.submissions import SpendItem, unstorable, writing
from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Sweep
from leaderboard.queries import sweeps as read
from leaderboard.queries.owners import may_change
from leaderboard.ratings.variation.arms import Level
from leaderboard.services import sweeps
from leaderboard.services.grids import Grid
from leaderboard.services.submissions import Conflict

router = Router(tags=["sweeps"])


class NewGrid(BaseModel):
    """A strategy and, by setting, a list of values to try. A setting whose one value is a list needs a list of it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    strategy: str = Field(max_length=60)
    grid: dict[str, Any] = {}


class NewSweep(BaseModel):
    """What to try: every combination in each of `arms` is an arm; `decoding` holds settings that all arms share.

    `tune` is the share of prompts on which arms are chosen; they are scored on the others. `baseline` is the label or
    strategy of the arm that others are tested against; empty for greedy decoding, or else the first arm. Work waits
    where all arms together would cost more than `max_usd` dollars or `max_tokens` tokens.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    board: str = Field(max_length=80)
    generator: str = Field(max_length=60)
    model: dict[str, Any]
    arms: list[NewGrid] = Field(max_length=100)
    decoding: dict[str, Any] = {}
    system: str = ""
    samples: int = 1
    seeds: list[int] = [0]
    tune: float = 0.5
    baseline: str = Field(default="", max_length=200)
    title: str = ""
    max_usd: float | None = Field(None, ge=0, le=1_000_000)
    max_tokens: int | None = Field(None, ge=0, le=10**15)

    def request(self) -> sweeps.Request:
        """For the service. Raises InvalidInput for what no database can hold."""
        fields = self.model_dump()
        faults = list(unstorable(fields))
        if faults:
            raise InvalidInput(*faults)
        return sweeps.Request(**{**fields, "arms": [Grid(one.strategy, one.grid) for one in self.arms]})


class LevelItem(BaseModel):
    """A mean over prompts, its standard error over them, and its 95 % t interval."""

    prompts: int
    value: float | None
    se: float | None
    low: float | None
    high: float | None


class TestItem(BaseModel):
    """The arm less the baseline, paired by test prompt; `p_holm` is corrected over all arms."""

    pairs: int
    difference: float | None
    se: float | None
    p_value: float | None
    p_holm: float | None


class ArmItem(BaseModel):
    """An arm as declared, how far it is, and what it reached. Scores are in the metric's units.

    `best` and `best_of_strategy` were chosen on `tune` prompts; `test` is then the honest score. `gap` is greedy less
    the arm.
    """

    label: str
    strategy: str
    params: dict[str, Any]
    submission: UUID
    state: str
    error: str
    outputs_made: int
    outputs_wanted: int
    outputs_scored: int
    tune: LevelItem
    test: LevelItem
    gap: LevelItem | None
    against_baseline: TestItem | None
    is_baseline: bool
    can_be_chosen: bool
    best_of_strategy: bool
    best: bool


class SweepItem(BaseModel):
    """A sweep with every arm that was declared, in order; failed, cancelled and losing ones too.

    `waiting`: why a piece of its work waits, such as for budget; empty where none does.
    """

    id: UUID
    title: str
    board: str
    model: str
    samples: int
    seeds: list[int]
    tune: float
    tune_prompts: int
    test_prompts: int
    ended: bool
    waiting: str
    spend: SpendItem | None
    arms: list[ArmItem]
    created_at: datetime


def _level(one: Level) -> LevelItem:
    return LevelItem(**vars(one))


def _arm(arm: read.ArmLine, params: dict[str, Any]) -> ArmItem:
    result, test = arm.result, arm.result.against
    told = None if test is None else {name: getattr(test, name) for name in TestItem.model_fields}
    return ArmItem(
        label=arm.label,
        strategy=arm.strategy,
        params=params,
        submission=arm.submission.pk,
        state=arm.submission.state,
        error=arm.submission.error,
        outputs_made=arm.made,
        outputs_wanted=arm.wanted,
        outputs_scored=arm.scored,
        tune=_level(result.tune),
        test=_level(result.test),
        gap=_level(result.gap) if result.gap else None,
        against_baseline=TestItem(**told) if told else None,
        is_baseline=arm.is_baseline,
        can_be_chosen=arm.can_be_chosen,
        best_of_strategy=result.best_of_strategy,
        best=result.best,
    )


def _item(sweep: Sweep) -> SweepItem:
    view = read.view(sweep)
    return SweepItem(
        id=sweep.pk,
        title=sweep.title,
        board=sweep.board.slug,
        model=sweep.model.name,
        samples=sweep.samples,
        seeds=sweep.seeds,
        tune=sweep.tune,
        tune_prompts=view.tune_prompts,
        test_prompts=view.test_prompts,
        ended=view.ended,
        waiting=view.waiting,
        spend=SpendItem(**vars(view.spend)) if view.spend else None,
        arms=[_arm(arm, declared["params"]) for arm, declared in zip(view.arms, sweep.arms, strict=True)],
        created_at=sweep.created_at,
    )


def _find(pk: UUID) -> Sweep:
    return get_object_or_404(read.all_sweeps(), pk=pk)


def _own(request: SignedRequest, pk: UUID) -> Sweep:
    """The sweep, for its owner and staff. Raises Http404, AuthorizationError."""
    sweep = _find(pk)
    if not may_change(sweep, request.auth):
        raise AuthorizationError(message="This sweep is not yours. Only its owner and staff may change it.")
    return sweep


@router.post(
    "/sweeps",
    response={201: SweepItem, 200: SweepItem, **responses(400, 401, 409, 413, 422, 429)},
    **writing,
)
def create_sweep(
    request: SignedRequest,
    new: NewSweep,
    response: HttpResponse,
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=120)] = None,
) -> Any:
    """Declare a sweep: all arms are stored, or none. The same `Idempotency-Key` and body give the first one and 200."""
    made, is_new = sweeps.submit(new.request(), user=request.auth, idempotency_key=idempotency_key)
    response["Location"] = f"{request.path.rstrip('/')}/{made.pk}"
    return Status(201 if is_new else 200, _item(_find(made.pk)))


@router.post("/sweeps/estimate", response={200: EstimateItem, **responses(400, 401, 413, 422, 429)}, **writing)
def estimate_sweep(request: SignedRequest, new: NewSweep) -> Any:
    """Check a sweep and tell what it will take: calls, tokens, dollars and time; nothing is stored."""
    _, size = sweeps.check(new.request())
    return estimates.item(size)


@router.get("/sweeps/{uuid:sweep_id}", response={200: SweepItem, **responses(404)})
def get_sweep(request: HttpRequest, sweep_id: UUID) -> Any:
    """Every arm of a sweep, and what it reached so far."""
    return _item(_find(sweep_id))


@router.post(
    "/sweeps/{uuid:sweep_id}/cancel", response={200: SweepItem, **responses(401, 403, 404, 409, 429)}, **writing
)
def cancel_sweep(request: SignedRequest, sweep_id: UUID) -> Any:
    """Stop every arm that has not ended; what was made stays. Cancelling twice is no error."""
    sweep = _own(request, sweep_id)
    if not sweeps.cancel(sweep) and not sweep.submissions.filter(state="cancelled").exists():
        raise Conflict("Every arm of this sweep has ended.")
    return _item(_find(sweep_id))


@router.post(
    "/sweeps/{uuid:sweep_id}/retry", response={200: SweepItem, **responses(401, 403, 404, 409, 429)}, **writing
)
def retry_sweep(request: SignedRequest, sweep_id: UUID) -> Any:
    """Do again only what failed, in every arm."""
    sweeps.retry_failed(_own(request, sweep_id))
    return _item(_find(sweep_id))
