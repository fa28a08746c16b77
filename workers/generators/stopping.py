"""How work is told from outside to stop. No third parties, so that whoever runs work can import it cheaply."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

stopping: ContextVar[Callable[[], bool]] = ContextVar("stopping", default=lambda: False)
"""Asked between results, and every moment while none comes; once it says True, no more calls are made."""


class Stopped(Exception):
    """The work was stopped from outside."""
