"""System checks: faults of the set-up that are better told at start than met later."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from leaderboard.contracts.registry import FAMILIES
from leaderboard.queries import sign_in

SETUP = "touchstone"
"""The tag of these checks, which every command of ours runs first."""


@register(SETUP)
def allow_list_names_plugins(**_: Any) -> list[CheckMessage]:
    """Every name in TOUCHSTONE_PLUGINS belongs to an installed plugin."""
    known = {name for registry in FAMILIES.values() for name in registry.names()}
    unknown = sorted(set(settings.PLUGIN_ALLOW_LIST) - known)
    return [
        Error(f"TOUCHSTONE_PLUGINS names '{name}', which is not installed.", id="touchstone.E001") for name in unknown
    ]


@register(SETUP)
def lease_outlives_heartbeat(**_: Any) -> list[CheckMessage]:
    """A lease that lapses between two heartbeats would give every job to two workers."""
    if settings.LEASE_SECONDS >= 3 * settings.HEARTBEAT_SECONDS:
        return []
    return [Error("TOUCHSTONE_LEASE_SECONDS must be at least three heartbeats.", id="touchstone.E002")]


@register(SETUP)
def providers_are_whole(**_: Any) -> list[CheckMessage]:
    """Every sign-in provider has all that it needs; a half one has no button."""
    return [Error(fault, id="touchstone.E010") for fault in sign_in.faults()]
