"""The tests of leases, facts, votes and refreshes once more, on a private PostgreSQL."""

from __future__ import annotations

import pytest

from tests.e2e.runs import passes_on_postgresql

pytestmark = [pytest.mark.slow, pytest.mark.services]
CHOSEN = (
    "tests/leaderboard/services",
    "--ignore=tests/leaderboard/services/test_simulated_arena.py",
    "--ignore=tests/leaderboard/services/test_boards.py",
    "--ignore=tests/leaderboard/services/test_tally.py",
)


def test_the_services_tests_pass_on_postgresql():
    passes_on_postgresql(*CHOSEN)
