"""Endpoints: what checks found, and for staff a way to ask for one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status
from ninja.errors import AuthorizationError
from pydantic import BaseModel, ConfigDict, Field

from leaderboard.api.auth import SignedRequest
from leaderboard.api.paging import LINK, PageQuery, take
from leaderboard.api.problems import responses
from leaderboard.api.submissions import unstorable, writing
from leaderboard.contracts.params import InvalidInput
from leaderboard.models import EndpointCheck
from leaderboard.queries.endpoints import newest_checks
from leaderboard.services import endpoints

router = Router(tags=["endpoints"])


class FindingItem(BaseModel):
    """What a check saw of one setting."""

    setting: str
    state: Literal["acts", "ignored", "refused", "unknown"]
    evidence: str


class CheckItem(BaseModel):
    """The newest check of a model at an endpoint."""

    id: int
    endpoint: str
    model: str
    findings: list[FindingItem]
    created_at: datetime


class CheckPage(BaseModel):
    """A page of checks."""

    items: list[CheckItem]
    next: str | None


class NewCheck(BaseModel):
    """Which model at which endpoint. `api_key` is a reference to a variable on the server, never a key."""

    model_config = ConfigDict(extra="forbid", strict=True)

    base_url: str = Field(max_length=300)
    model: str = Field(max_length=200)
    api_key: str = Field(default="", max_length=200)


class AskedItem(BaseModel):
    """A check that a worker will make; its findings then appear in the list."""

    endpoint: str
    model: str
    state: str


@router.get(
    "/endpoints",
    response={200: CheckPage, **responses(400, 422)},
    openapi_extra={"responses": LINK},
)
def list_endpoints(request: HttpRequest, response: HttpResponse, page: Query[PageQuery]) -> Any:
    """The newest check of each model at each endpoint, in the order in which they were made."""
    rows, following = take(request, response, newest_checks(), page)
    return CheckPage(items=[_item(row) for row in rows], next=following)


@router.post("/endpoints", response={202: AskedItem, **responses(400, 401, 403, 409, 413, 422, 429)}, **writing)
def check_endpoint(request: SignedRequest, new: NewCheck) -> Any:
    """Have a worker check an endpoint, which the operator must have approved. For staff."""
    fields = new.model_dump()
    if faults := list(unstorable(fields)):
        raise InvalidInput(*faults)
    try:
        job = endpoints.ask(params=fields, user=request.auth)
    except PermissionError as problem:
        raise AuthorizationError(message=str(problem)) from None
    return Status(202, AskedItem(endpoint=job.payload["endpoint"], model=job.payload["model"], state=job.state))


def _item(check: EndpointCheck) -> CheckItem:
    return CheckItem(
        id=check.pk,
        endpoint=check.endpoint,
        model=check.model,
        findings=[FindingItem(**finding) for finding in check.findings],
        created_at=check.created_at,
    )
