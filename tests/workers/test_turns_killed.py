"""kill -9 in the first and in the second turns: what is stored is not made again, and later turns go on from it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from tests.e2e.runs import ROOT, call, environment
from tests.judges.loopback import serve
from tests.services import wait_for
from tests.workers.answering import Answering
from tests.workers.killed_turns import TALKS

pytestmark = [pytest.mark.slow]
BEFORE_KILL = 28
"""Calls of a stage until the kill: some are stored by then, and some are not."""


class Slow(Answering):
    """Takes its time, and says which turn it writes and as how manieth."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[dict[str, str]]] = []

    def reply(self, request):
        self.asked.append(request["messages"])
        answer = super().reply(request)
        answer["choices"][0]["message"]["content"] = f"Answer {len(self.asked)}."
        time.sleep(0.4)
        return answer


def step(env, name):
    return json.loads(call(env, "python", "-m", "tests.workers.killed_turns", name))


def kill_once(env, server, asked: int) -> dict[str, str]:
    """SIGKILL to a worker once the server was asked `asked` times; what is stored then."""
    worker = subprocess.Popen([sys.executable, "-m", "tests.workers.killed_turns", "work"], cwd=ROOT, env=env)
    wait_for("The calls", lambda: len(server.asked) >= asked)
    worker.send_signal(signal.SIGKILL)
    assert worker.wait(20) == -signal.SIGKILL
    return step(env, "status")["stored"]


def test_no_stored_turn_is_made_again_and_later_turns_go_on_from_what_is_stored(tmp_path):
    with serve(Slow()) as server:
        env = environment(tmp_path, TOUCHSTONE_ENDPOINTS=server.url, TOUCHSTONE_MAX_ATTEMPTS="9")
        step(env, "prepare")
        first = kill_once(env, server, BEFORE_KILL)
        again = len(server.asked)
        # Past all first turns, however many of them have to be asked again, and into the later ones.
        second = kill_once(env, server, again + TALKS - len(first) + BEFORE_KILL)
        last = len(server.asked)
        step(env, "work")
        found = step(env, "status")
    assert 0 < len(first) < TALKS < len(second) < 2 * TALKS
    assert found["state"] == "done" and found["outputs"] == 2 * TALKS
    for stored, since in ((first, again), (second, last)):
        assert {messages[-1]["content"] for messages in server.asked[since:]}.isdisjoint(stored)
        assert stored.items() <= found["stored"].items()
    for messages in server.asked:
        if len(messages) > 1:
            assert messages[1]["content"] == found["stored"][messages[0]["content"]]
