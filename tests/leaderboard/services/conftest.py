"""Fixtures of the services' tests: a data folder of their own, and a clock that tests set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest


class Clock:
    """The time that both writers and readers see."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def settle(self) -> None:
        """Let all that is there grow so old that no refresh looks at it again."""
        from leaderboard.services.streams import SETTLED_SECONDS

        self.now += timedelta(seconds=SETTLED_SECONDS + 1)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("django.utils.timezone.now", clock)
    return clock


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    """Where tallies are kept; the data folder of the checkout stays as it is."""
    settings.DATA_DIR = tmp_path
    return tmp_path / "tallies"
