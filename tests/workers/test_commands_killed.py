"""kill -9 to a command in the middle of its calls: nothing is counted twice, and nothing stays held back."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from tests.e2e.runs import ROOT, call, environment
from tests.services import wait_for
from tests.workers.rough_server import Way, serve

pytestmark = [pytest.mark.slow]
PAIRS, USED = 5, 322


def status(env):
    return json.loads(call(env, sys.executable, "-m", "tests.workers.killed_commands", "status"))


def test_a_killed_dry_run_is_counted_only_when_it_is_run_again(tmp_path):
    waits = [30.0]
    with serve(lambda number, key: Way(wait=waits[0])) as server:
        env = environment(tmp_path, TOUCHSTONE_ENDPOINTS=server.url)
        call(env, sys.executable, "-m", "tests.workers.killed_commands", "prepare")
        model = json.dumps({"base_url": server.url, "model": "judge-1", "concurrency": 8})
        words = ["judge", "--board", "judged", "--judge", "pairwise-llm", "--dry-run", "--params", "generator=openai"]
        command = [sys.executable, "manage.py", *words, f"generator_params={model}"]
        killed = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
        wait_for("The calls", lambda: server.calls.total() == PAIRS)
        killed.send_signal(signal.SIGKILL)
        assert killed.wait(20) == -signal.SIGKILL
        spent, held, jobs = status(env)
        assert (spent, held > 0, jobs) == (0, True, 1)
        waits[0] = 0.0
        time.sleep(float(env["TOUCHSTONE_LEASE_SECONDS"]))
        call(env, *command)
        assert server.calls.total() == 2 * PAIRS
    assert status(env) == [PAIRS * USED, 0, 0]
