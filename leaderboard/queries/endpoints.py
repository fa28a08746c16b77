"""What is known of endpoints: the newest check of each, and the checks that are asked for."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from leaderboard.contracts.fit import HEAT, Checked
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.said import said
from leaderboard.contracts.values import ModelIdentity
from leaderboard.models import EndpointCheck, Job

HEEDED = frozenset({HEAT, *(value for name, value in vars(Capability).items() if name.isupper())})
"""Settings whose finding decides what may be submitted."""
SHOWN = 100
"""Most endpoints on the page."""
ASKED = 20
"""Most requests for a check that the page shows."""


def newest_checks() -> QuerySet[Any]:
    """The newest check of each model at each endpoint."""
    later = EndpointCheck.objects.filter(endpoint=OuterRef("endpoint"), model=OuterRef("model"), pk__gt=OuterRef("pk"))
    return EndpointCheck.objects.filter(~Exists(later)).select_related("user")


def shown_checks() -> list[EndpointCheck]:
    """The newest checks, by endpoint and model; at most `SHOWN`."""
    return list(newest_checks().order_by("endpoint", "model")[:SHOWN])


def asked_checks() -> list[Job]:
    """Checks that have not ended well: waiting, under way or failed, the newest first; at most `ASKED`."""
    unfinished = (Job.State.READY, Job.State.RUNNING, Job.State.FAILED)
    found = Job.objects.filter(kind=Job.Kind.CHECK, state__in=unfinished)
    return list(found.order_by("-pk")[:ASKED])


def checked(identity: ModelIdentity) -> Checked:
    """What the newest check of this model at this endpoint says of what strategies need; nothing without a check."""
    newest = newest_checks().filter(endpoint=identity.source, model=identity.name).first()
    if newest is None:
        return Checked()
    found = [finding for finding in newest.findings if finding["setting"] in HEEDED]
    return Checked(
        acts=frozenset(one["setting"] for one in found if one["state"] == "acts"),
        ignored={one["setting"]: one["evidence"] for one in found if one["state"] in ("ignored", "refused")},
        told=said("See {address}.", address=f"{reverse('endpoints')}#check-{newest.pk}"),
    )
