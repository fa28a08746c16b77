"""kill -9 in the middle of a chunk: nothing is judged twice, and no more is paid twice than was in flight."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from tests.e2e.runs import ROOT, call, environment
from tests.services import wait_for
from tests.workers.judged import expected
from tests.workers.killed import PROMPTS
from tests.workers.rough_server import Way, serve

pytestmark = [pytest.mark.slow]
IN_FLIGHT = 8
KILLS = 3


def step(env, name):
    return json.loads(call(env, "python", "-m", "tests.workers.killed", name))


def kill_after(env, server, calls: int) -> None:
    """SIGKILL to a worker once the server was asked `calls` times."""
    worker = subprocess.Popen([sys.executable, "-m", "tests.workers.killed", "work"], cwd=ROOT, env=env)
    wait_for("The calls", lambda: server.calls.total() >= calls)
    worker.send_signal(signal.SIGKILL)
    assert worker.wait(20) == -signal.SIGKILL


def test_killed_workers_double_nothing_and_repeat_only_what_was_in_flight(tmp_path):
    with serve(lambda number, key: Way(wait=0.1)) as server:
        env = environment(tmp_path, TOUCHSTONE_ENDPOINTS=server.url, TOUCHSTONE_MAX_ATTEMPTS="9")
        step(env, "prepare")
        for kill in range(1, KILLS + 1):
            kill_after(env, server, kill * PROMPTS // (KILLS + 1))
        step(env, "work")
        found = step(env, "status")
        paid = server.calls.total()
    assert found == {"stored": {key: list(value) for key, value in expected(PROMPTS).items()}, "failed": []}
    # In flight, and as many again that were answered but not stored yet.
    assert PROMPTS <= paid <= PROMPTS + KILLS * 2 * IN_FLIGHT
    assert set(server.calls) == set(server.good)
