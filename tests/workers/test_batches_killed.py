"""kill -9 between each two steps of a batch: everything is judged once and paid once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from tests.e2e.runs import ROOT, call, environment
from tests.workers.batch_server import serve
from tests.workers.judged import expected
from tests.workers.killed_batches import PROMPTS

pytestmark = [pytest.mark.slow]
STEPS = [
    "batches.start",
    "api.upload",
    "batches.uploaded",
    "api.create",
    "batches.seen",
    "batches.keep",
    "batches.close",
    "facts.add_judgments",
    "batches.done",
]


def test_a_worker_killed_after_each_step_doubles_nothing(tmp_path):
    with serve() as server:
        env = environment(tmp_path, TOUCHSTONE_ENDPOINTS=server.url, TOUCHSTONE_MAX_ATTEMPTS="99")
        module = "tests.workers.killed_batches"
        call(env, "python", "-m", module, "prepare")
        for step in STEPS:
            worker = subprocess.run([sys.executable, "-m", module, step], cwd=ROOT, env=env, check=False, timeout=60)
            assert worker.returncode == -signal.SIGKILL, step
        call(env, "python", "-m", module, "work")
        found = json.loads(call(env, "python", "-m", module, "status"))
    assert found == {"stored": {key: list(value) for key, value in expected(PROMPTS).items()}, "failed": []}
    assert set(server.billed.values()) == {1}
    assert len(server.billed) == PROMPTS
    assert len(server.batches) == 1
