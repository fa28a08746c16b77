"""The JSON API. `api` is made when first asked for, so that the command line need not load it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leaderboard.api.main import api

__all__ = ["api"]


def __getattr__(name: str) -> Any:
    if name != "api":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from leaderboard.api.main import api

    return api
