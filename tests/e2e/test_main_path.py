"""`manage.py serve` with real entries, its worker killed in the middle.

A board's digest is over content alone, so a disturbed run must end with the digest of the undisturbed one.
"""

from __future__ import annotations

import pytest

from tests.e2e.drive import OUTPUTS, REQUESTS
from tests.e2e.runs import Site, call, children, drive, environment, kill_in_the_middle, process
from tests.services import free_port, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.services]


def test_the_undisturbed_run_ranks_every_entry(undisturbed):
    assert (undisturbed["states"], undisturbed["errors"]) == (["done"] * 3, [])
    assert (undisturbed["outputs"], undisturbed["most_attempts"]) == (OUTPUTS, 1)
    assert len(undisturbed["standings"]) == 3
    assert all(n > 0 and missing == 0 for _, _, _, n, missing, _ in undisturbed["standings"])


def worker_of(pid: int) -> int:
    """The process id of the supervisor's worker; 0 where there is none now."""
    return next((child for child, line in children(pid).items() if "celery" in line), 0)


@pytest.fixture(scope="module")
def served(tmp_path_factory, undisturbed):
    """A site whose worker was killed once: what it stored, and the worker before and after."""
    env, port = environment(tmp_path_factory.mktemp("serve")), free_port()
    call(env, "python", "manage.py", "migrate", "-v0")
    site = Site(f"http://127.0.0.1:{port}", drive(env, "board")["token"])
    with process(env, ["python", "manage.py", "serve", "--port", str(port)]) as supervisor:
        site.wait_until_up()
        ids = site.submit(REQUESTS)
        first = worker_of(supervisor.pid)
        kill_in_the_middle(site, ids, first)
        wait_for("A new worker", lambda: worker_of(supervisor.pid) not in (0, first))
        site.wait_for_board(ids, undisturbed["digest"], 60)
    return {**drive(env, "status"), "exit": supervisor.returncode}


def test_a_killed_worker_of_serve_loses_and_doubles_nothing(served, undisturbed):
    same = ("states", "errors", "outputs", "digest", "standings")
    assert {name: served[name] for name in same} == {name: undisturbed[name] for name in same}


def test_its_job_was_taken_over(served):
    assert served["most_attempts"] > 1


def test_serve_stops_cleanly(served):
    assert served["exit"] == 0
