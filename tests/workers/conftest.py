"""Fixtures of the workers' tests: jobs are run by hand, and retries do not wait."""

from __future__ import annotations

import pytest

from tests.leaderboard.conftest import bell, parrot, work

__all__ = ["bell", "parrot", "quick", "work"]


@pytest.fixture
def quick(monkeypatch):
    """Jitter is next to nothing; what a server asks for is still waited for."""
    from workers.generators import calling

    monkeypatch.setattr(calling.random, "uniform", lambda low, high: 0.001)
