"""Reads with which OpenID Connect providers people may sign in. It asks nothing of them."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Any
from urllib.parse import urlsplit

from django.conf import settings
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from leaderboard.models import User

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SINGLE = "oidc"
"""The id of the provider that is set by single variables."""
ALONE = "TOUCHSTONE_OIDC_"
"""How those variables begin."""


def checked_address(text: str) -> str:
    """An https address, or http on this machine. Raises ValueError."""
    parts = urlsplit(text)
    if parts.scheme == "https" and parts.hostname and not parts.username:
        return text
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return text
    raise ValueError("must be an https:// address")


class Provider(BaseModel):
    """One provider. `id` is part of addresses and of arenas' policies; `name` is on the button."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=30)
    name: str = Field(min_length=1, max_length=40)
    issuer: Annotated[str, AfterValidator(checked_address)]
    client_id: str = Field(min_length=1, max_length=191)
    client_secret: str = Field(min_length=1, max_length=191, repr=False)


def providers() -> tuple[Provider, ...]:
    """Those that are set up whole; a half one is left out, and `manage.py check` names it."""
    return _read(settings.OIDC_PROVIDERS_SECRET, json.dumps(settings.OIDC_PROVIDER))[0]


def provider(key: str) -> Provider | None:
    """The provider of that id, if it is set up."""
    return next((one for one in providers() if one.id == key), None)


def faults() -> tuple[str, ...]:
    """What is missing or wrong in the settings, a sentence each, without any secret."""
    return _read(settings.OIDC_PROVIDERS_SECRET, json.dumps(settings.OIDC_PROVIDER))[1]


def has_identity(user: User, keys: list[str]) -> bool:
    """Whether the account signs in with one of these providers, or has connected it."""
    from allauth.socialaccount.models import SocialAccount

    return bool(SocialAccount.objects.filter(user=user, provider__in=keys).exists())


def _read(several: str, single: str) -> tuple[tuple[Provider, ...], tuple[str, ...]]:
    found, wrong = _listed(several)
    own = json.loads(single)
    if any(own[name] for name in ("issuer", "client_id", "client_secret")):
        found = [*found, (ALONE, {"id": SINGLE, **own})]
    good: list[Provider] = []
    for where, told in found:
        try:
            good.append(Provider.model_validate(told))
        except ValidationError as problem:
            wrong += [_fault(where, error) for error in problem.errors()]
    twice = [key for key, count in Counter(one.id for one in good).items() if count > 1]
    wrong += [f"Two providers have the id '{key}'." for key in twice]
    return tuple(one for one in good if one.id not in twice), tuple(wrong)


def _listed(text: str) -> tuple[list[tuple[str, Any]], list[str]]:
    """The providers in a JSON list, each with where it stands."""
    name = "TOUCHSTONE_OIDC_PROVIDERS"
    if not text.strip():
        return [], []
    try:
        rows = json.loads(text)
    except ValueError:
        return [], [f"{name} is not JSON."]
    if not isinstance(rows, list):
        return [], [f"{name} must be a list, in [ ]."]
    return [(f"{name}[{place}]", row) for place, row in enumerate(rows)], []


def _fault(where: str, error: Any) -> str:
    """One fault, at the variable or the field that has it."""
    field = ".".join(str(step) for step in error["loc"])
    name = f"{ALONE}{field.upper()}" if where == ALONE else f"{where}.{field}" if field else where
    empty = error["type"] in ("missing", "string_too_short") or not error["input"]
    return f"{name} is missing." if empty else f"{name}: {error['msg'].removeprefix('Value error, ')}."
