"""The tests of leases, facts, votes and refreshes once more, on a private PostgreSQL."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.e2e.runs import ROOT
from tests.services import postgres

pytestmark = [pytest.mark.slow, pytest.mark.services]
CHOSEN = (
    "tests/leaderboard/services",
    "tests/leaderboard/queries",
    "tests/leaderboard/web/test_vote.py",
    "tests/leaderboard/api/test_main_path.py",
)


def test_the_services_tests_pass_on_postgresql():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *CHOSEN]
    with postgres() as url:
        env = {**os.environ, "DATABASE_URL": url, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"\d+ passed in .*", last), done.stdout[-8000:] + done.stderr[-2000:]
