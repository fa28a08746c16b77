"""The tests of ratings, votes by page, imports and exports once more, on a private PostgreSQL."""

from __future__ import annotations

import pytest

from tests.e2e.runs import passes_on_postgresql

pytestmark = [pytest.mark.slow, pytest.mark.services]
CHOSEN = (
    "tests/leaderboard/services/test_boards.py",
    "tests/leaderboard/services/test_tally.py",
    "tests/leaderboard/queries",
    "tests/leaderboard/web/test_vote.py",
    "tests/leaderboard/web/test_arena_pages.py",
    "tests/leaderboard/web/test_my_votes.py",
    "tests/leaderboard/web/test_people.py",
    "tests/leaderboard/api/test_main_path.py",
    "tests/leaderboard/api/test_exports.py",
    "tests/leaderboard/commands/test_exchange.py",
    "tests/leaderboard/commands/test_import_refusals.py",
)


def test_the_pages_tests_pass_on_postgresql():
    passes_on_postgresql(*CHOSEN)
