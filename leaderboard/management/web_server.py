"""Settings of the embedded mode's gunicorn, which the supervisor starts before the database is ready."""

from __future__ import annotations

import sys
from typing import Any

worker_class = "gthread"
workers = 1
threads = 8
loglevel = "warning"
preload_app = True  # the site is loaded once, before `on_starting`, and kept for a server that is started anew


def on_starting(_: Any) -> None:
    """Listen when the supervisor says so, by one byte; where its end closes without one, it is gone, and so is this."""
    if not sys.stdin.buffer.read(1):
        raise SystemExit(1)
