"""The one Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class LeaderboardConfig(AppConfig):
    """Sets the operator's plugin allow-list and registers the system checks."""

    name = "leaderboard"
    verbose_name = "Touchstone"

    def ready(self) -> None:
        """Runs once a process, after all models are loaded."""
        from leaderboard import checks  # noqa: F401
        from leaderboard.contracts.registry import FAMILIES

        allowed = frozenset(settings.PLUGIN_ALLOW_LIST) or None
        for registry in FAMILIES.values():
            registry.allow_only(allowed)
