"""The whole path with a real worker process, in both modes, undisturbed and with kill -9 in the middle.

A board's digest is over content alone, so all of these runs must give the same one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.services import postgres, redis

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.services]
OUTPUTS = 12 * (1 + 3 + 3)


def environment(folder: Path, **more: str) -> dict[str, str]:
    settings = {
        "DJANGO_SETTINGS_MODULE": "leaderboard.settings",
        "TOUCHSTONE_DATA": str(folder),
        "TOUCHSTONE_LEASE_SECONDS": "6",
        "TOUCHSTONE_HEARTBEAT_SECONDS": "2",
        "TOUCHSTONE_REFRESH_SECONDS": "1",
        "OMP_NUM_THREADS": "1",
        "SECRET_KEY": "only-for-this-test",
    }
    kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL")}
    return {**kept, **settings, **more}


def call(env: dict[str, str], *command: str) -> str:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def drive(env: dict[str, str], step: str) -> dict:
    return json.loads(call(env, "-m", "tests.e2e.drive", step))


@contextmanager
def worker(env: dict[str, str]):
    queues = "default,judge,gpu.transformers"
    options = ["--pool", "solo", "-Q", queues, "-l", "warning", "--without-gossip", "--without-mingle"]
    command = [sys.executable, "-m", "celery", "-A", "leaderboard", "worker", *options]
    process = subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def until(env: dict[str, str], ready, seconds: float = 240.0) -> dict:
    end = time.monotonic() + seconds
    while True:
        state = drive(env, "status")
        if ready(state):
            return state
        assert time.monotonic() < end, f"not reached in time: {state}"
        time.sleep(0.5)


def finished(state: dict) -> bool:
    return set(state["states"]) <= {"done", "partial", "failed"} and state["fresh"] and not state["open"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict:
    env = environment(tmp_path_factory.mktemp("embedded"))
    call(env, "manage.py", "migrate", "-v0")
    drive(env, "start")
    with worker(env):
        return until(env, finished)


def test_embedded_mode_ranks_every_entry(undisturbed):
    assert (undisturbed["states"], undisturbed["errors"]) == (["done"] * 3, [])
    assert undisturbed["outputs"] == OUTPUTS
    assert len(undisturbed["standings"]) == 3
    assert all(n > 0 and missing == 0 for _, _, _, n, missing, _ in undisturbed["standings"])


def test_a_killed_worker_loses_and_doubles_nothing(undisturbed, tmp_path):
    env = environment(tmp_path)
    call(env, "manage.py", "migrate", "-v0")
    drive(env, "start")
    with worker(env) as first:
        until(env, lambda state: state["outputs"] > 0)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait(30)
    with worker(env):
        state = until(env, finished)
    assert (state["digest"], state["outputs"]) == (undisturbed["digest"], OUTPUTS)
    assert state["standings"] == undisturbed["standings"]


def test_production_mode_gives_the_same_board(undisturbed, tmp_path):
    with ExitStack() as stack:
        database, broker = stack.enter_context(postgres()), stack.enter_context(redis())
        env = environment(tmp_path, DATABASE_URL=database, CELERY_BROKER_URL=broker, CACHE_URL=broker)
        call(env, "manage.py", "migrate", "-v0")
        drive(env, "start")
        with worker(env):
            state = until(env, finished)
    assert (state["digest"], state["outputs"]) == (undisturbed["digest"], OUTPUTS)
