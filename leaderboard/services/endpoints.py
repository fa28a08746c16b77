"""Checks of OpenAI-compatible servers: asked for here, made by a worker, kept as facts. Submissions heed them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from leaderboard.contracts import registry
from leaderboard.contracts.said import said
from leaderboard.contracts.values import ModelIdentity
from leaderboard.models import EndpointCheck, Job, User
from leaderboard.services import jobs
from leaderboard.services.jobs import NewJob
from leaderboard.services.submissions import Conflict
from leaderboard.services.text import storable

GENERATOR = "openai"
"""The plugin whose endpoints are checked."""
FIELDS = ("base_url", "model", "api_key")


def ask(*, params: Mapping[str, Any], user: User) -> Job:
    """Have a worker check the endpoint that `params`, settings of the generator, name.

    Raises: PermissionError for all but staff, InvalidInput, Conflict where a check of it is under way.
    """
    if not user.is_staff:
        raise PermissionError(said("Only staff may have an endpoint checked."))
    identity, sound = identity_of(params)
    kind: Any = registry.generators.get(GENERATOR)
    payload = {"endpoint": identity.source, "model": identity.name, "params": sound, "user": user.pk}
    key = f"check:{uuid.uuid4()}"
    with transaction.atomic():
        if _under_way(identity):
            raise Conflict(said("A check of this model at this endpoint is under way. Wait for it."))
        jobs.enqueue([NewJob(key, Job.Kind.CHECK, f"gpu.{kind.backend}", payload)])
    return Job.objects.get(key=key)


def identity_of(params: Mapping[str, Any]) -> tuple[ModelIdentity, dict[str, Any]]:
    """Which model at which endpoint, and the settings in full. Raises InvalidInput."""
    kind: Any = registry.generators.choose(GENERATOR, "base_url")
    parsed = registry.generators.parse(GENERATOR, {name: params[name] for name in FIELDS if params.get(name)})
    return kind.identity(parsed), parsed.canonical()


def _under_way(identity: ModelIdentity) -> bool:
    same = {"payload__endpoint": identity.source, "payload__model": identity.name}
    return Job.objects.filter(kind=Job.Kind.CHECK, state__in=jobs.OPEN, **same).exists()


def record(*, endpoint: str, model: str, findings: Sequence[Mapping[str, str]], user_id: int | None) -> EndpointCheck:
    """Keep what a check found. A person who is gone meanwhile is left out."""
    person = User.objects.filter(pk=user_id).first() if user_id is not None else None
    clean = [{name: storable(text) for name, text in finding.items()} for finding in findings]
    return EndpointCheck.objects.create(endpoint=endpoint, model=model, findings=clean, user=person)
