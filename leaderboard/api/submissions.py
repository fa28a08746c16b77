"""Submissions: ask for one, estimate it, follow it, cancel it, retry what failed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Header, Router, Status
from ninja.errors import AuthorizationError
from ninja.throttling import AuthRateThrottle
from pydantic import BaseModel, ConfigDict, Field

from leaderboard.api import estimates
from leaderboard.api.auth import Bearer, SignedRequest
from leaderboard.api.estimates import EstimateItem
from leaderboard.api.problems import responses
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import Job, Submission
from leaderboard.queries import served
from leaderboard.queries.owners import may_change
from leaderboard.queries.submissions import Progress, all_submissions, progress
from leaderboard.services import submissions
from leaderboard.services.text import storable

MAX_DEPTH = 20
MAX_ERRORS = 10
WRITES = "60/m"
"""How often one user may write; each operation of this file counts."""
router = Router(tags=["submissions"])


class NewSubmission(BaseModel):
    """What to evaluate. `model` and `decoding` are settings of the plugins named; see `/plugins`.

    `samples` outputs are made for each prompt and each of `seeds`; `seed` is a short way to give only one.
    Work waits where it would cost more than `max_usd` dollars or `max_tokens` tokens.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    board: str = Field(max_length=80)
    generator: str = Field(max_length=60)
    model: dict[str, Any]
    strategy: str = Field(max_length=60)
    decoding: dict[str, Any] = {}
    system: str = ""
    samples: int = 1
    seed: int = 0
    seeds: list[int] | None = None
    max_usd: float | None = Field(None, ge=0, le=1_000_000)
    max_tokens: int | None = Field(None, ge=0, le=10**15)

    def request(self) -> submissions.Request:
        """For the service. Raises InvalidInput for what no database can hold."""
        fields = self.model_dump(exclude={"seeds"})
        faults = list(unstorable(fields))
        if self.seeds is not None and "seed" in self.model_fields_set:
            faults.append(FieldError(("seed",), "Give either `seed` or `seeds`."))
        if self.seeds == []:
            faults.append(FieldError(("seeds",), "Give one seed or more."))
        if faults:
            raise InvalidInput(*faults)
        return submissions.Request(**fields, seeds=tuple(self.seeds or ()))


class OutputStage(BaseModel):
    """Outputs made and wanted. `unasked`: later turns that were never asked, since the answer before is missing."""

    made: int
    wanted: int
    unasked: int


class JudgingStage(BaseModel):
    """Comparisons judged; `total` is 0 until judging is planned. `per_second` is the rate of late, while judging."""

    done: int
    total: int
    per_second: float | None
    seconds_left: int | None


class SpendItem(BaseModel):
    """What models have cost. Dollars count only what has a known price; null caps are none."""

    usd: float
    tokens: int
    max_usd: float | None
    max_tokens: int | None


class JobStage(BaseModel):
    """The pieces of work behind it."""

    done: int
    total: int
    failed: int
    errors: list[str]


class BatchItem(BaseModel):
    """Calls ordered at a Batch API that are to come within a day. `trouble`: why it could not be asked last."""

    done: int
    failed: int
    total: int
    trouble: str


class ServedItem(BaseModel):
    """Answers by another model than was asked for, as its server tells. `judge` is empty for outputs."""

    judge: str
    requested: str
    returned: str
    n: int


class Stages(BaseModel):
    """How far it is."""

    outputs: OutputStage
    judging: JudgingStage
    jobs: JobStage


class SubmissionItem(BaseModel):
    """A submission. `state` is queued, generating or judging, and at last done, partial, failed or cancelled.

    `waiting`: why a piece of its work waits, such as for budget; empty where none does.
    """

    id: UUID
    board: str
    entry: str
    samples: int
    seed: int
    seeds: list[int]
    sweep: UUID | None
    state: str
    error: str
    stages: Stages
    waiting: str
    spend: SpendItem | None
    batch: BatchItem | None
    served: list[ServedItem]
    created_at: datetime
    updated_at: datetime


def unstorable(value: Any) -> Iterator[FieldError]:
    """Faults that JSON allows and the databases do not; without recursion, since depth is one of them."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while waiting:
        path, item = waiting.pop()
        if len(path) > MAX_DEPTH:
            yield FieldError(path[:1], f"Nest no deeper than {MAX_DEPTH}.")
        elif isinstance(item, dict):
            waiting += [((*path, key), inner) for key, inner in reversed(item.items())]
            waiting += [((*path, key), key) for key in item if storable(key) != key]
        elif isinstance(item, list):
            waiting += [((*path, place), inner) for place, inner in reversed(list(enumerate(item)))]
        elif isinstance(item, str) and storable(item) != item:
            yield FieldError(path, "Leave out NUL characters and lone surrogates.")
        elif isinstance(item, float) and not math.isfinite(item):
            yield FieldError(path, "This number is too large.")


def _item(submission: Submission) -> SubmissionItem:
    now = progress(submission)
    return SubmissionItem(
        id=submission.pk,
        board=submission.board.slug,
        entry=submission.entry.slug,
        samples=submission.samples,
        seed=submission.seed,
        seeds=submission.all_seeds,
        sweep=submission.sweep_id,
        state=submission.state,
        error=submission.error,
        stages=_stages(submission, now),
        waiting="" if submission.ended else now.waiting,
        spend=SpendItem(**vars(now.spend)) if now.spend else None,
        batch=BatchItem(**vars(now.batched)) if now.batched else None,
        served=[ServedItem(**vars(one)) for one in served.others(submission)] if submission.ended else [],
        created_at=submission.created_at,
        updated_at=submission.updated_at,
    )


def _stages(submission: Submission, now: Progress) -> Stages:
    jobs = Job.objects.filter(submission=submission).exclude(state=Job.State.CANCELLED)
    failed = Q(state=Job.State.FAILED)
    counts = jobs.aggregate(
        total=Count("pk"), done=Count("pk", filter=Q(state=Job.State.DONE)), failed=Count("pk", filter=failed)
    )
    errors = jobs.filter(failed).order_by("error").values_list("error", flat=True).distinct()[:MAX_ERRORS]
    return Stages(
        outputs=OutputStage(made=now.outputs, wanted=now.outputs_wanted, unasked=now.unasked),
        judging=JudgingStage(done=now.judged, total=now.to_judge, per_second=now.rate, seconds_left=now.seconds_left),
        jobs=JobStage(**counts, errors=list(errors)),
    )


def _find(pk: UUID) -> Submission:
    return get_object_or_404(all_submissions(), pk=pk)


def _own(request: SignedRequest, pk: UUID) -> Submission:
    """The submission, for its owner and staff. Raises Http404, AuthorizationError."""
    submission = _find(pk)
    if not may_change(submission, request.auth):
        raise AuthorizationError(message="This submission is not yours. Only its owner and staff may change it.")
    return submission


writing: dict[str, Any] = {"auth": Bearer(), "throttle": [AuthRateThrottle(WRITES)]}


@router.post(
    "/submissions",
    response={201: SubmissionItem, 200: SubmissionItem, **responses(400, 401, 409, 413, 422, 429)},
    **writing,
)
def create_submission(
    request: SignedRequest,
    new: NewSubmission,
    response: HttpResponse,
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=120)] = None,
) -> Any:
    """Submit. The same `Idempotency-Key` with the same body gives the first submission and 200."""
    made, is_new = submissions.submit(new.request(), user=request.auth, idempotency_key=idempotency_key)
    response["Location"] = f"{request.path.rstrip('/')}/{made.pk}"
    return Status(201 if is_new else 200, _item(_find(made.pk)))


@router.post(
    "/submissions/estimate",
    response={200: EstimateItem, **responses(400, 401, 413, 422, 429)},
    **writing,
)
def estimate_submission(request: SignedRequest, new: NewSubmission) -> Any:
    """Check a submission and tell what it will take: calls, tokens, dollars and time; nothing is stored."""
    _, size = submissions.check(new.request())
    return estimates.item(size)


@router.get("/submissions/{uuid:submission_id}", response={200: SubmissionItem, **responses(404)})
def get_submission(request: HttpRequest, submission_id: UUID) -> Any:
    """How far a submission is."""
    return _item(_find(submission_id))


@router.post(
    "/submissions/{uuid:submission_id}/cancel",
    response={200: SubmissionItem, **responses(401, 403, 404, 409, 429)},
    **writing,
)
def cancel_submission(request: SignedRequest, submission_id: UUID) -> Any:
    """Stop a submission; what was made stays. Cancelling twice is no error."""
    submission = _own(request, submission_id)
    if not submissions.cancel(submission) and submission.state != Submission.State.CANCELLED:
        raise submissions.Conflict(f"This submission has ended: {submission.state}.")
    return _item(_find(submission_id))


@router.post(
    "/submissions/{uuid:submission_id}/retry",
    response={200: SubmissionItem, **responses(401, 403, 404, 409, 429)},
    **writing,
)
def retry_submission(request: SignedRequest, submission_id: UUID) -> Any:
    """Do again only what failed."""
    submissions.retry(_own(request, submission_id))
    return _item(_find(submission_id))
