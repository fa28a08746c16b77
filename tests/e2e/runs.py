"""Starts the service's own processes, talks to them over HTTP and kills them in the middle of their work."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services import postgres, wait_for

ROOT = Path(__file__).resolve().parents[2]
OURS = ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "ALLOWED_HOSTS", "SECRET_KEY")
QUICK = {
    "TOUCHSTONE_LEASE_SECONDS": "6",
    "TOUCHSTONE_HEARTBEAT_SECONDS": "2",
    "TOUCHSTONE_SWEEP_SECONDS": "1",
    "TOUCHSTONE_REFRESH_SECONDS": "1",
}


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Settings of a service that keeps its data in `folder`, with short waits."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS and "TOUCHSTONE" not in name}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {"DJANGO_SETTINGS_MODULE": "leaderboard.settings", "TOUCHSTONE_DATA": str(folder), "PATH": path}
    return {**kept, **QUICK, **settings, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", **more}


def call(env: Mapping[str, str], *command: str) -> str:
    """Run a command to its end; what it printed."""
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def drive(env: Mapping[str, str], step: str) -> Any:
    """One step of `drive.py`."""
    return json.loads(call(env, "python", "-m", "tests.e2e.drive", step))


@contextmanager
def process(env: Mapping[str, str], command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, stopped at the end."""
    started = subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            raise


@dataclass(frozen=True)
class Site:
    """A running site and a token for it."""

    base: str
    token: str

    def ask(self, path: str, body: object = None) -> tuple[int, bytes]:
        """GET, or POST of JSON with the token: status and body; status 0 where nothing listens."""
        request = urllib.request.Request(f"{self.base}{path}", headers={"Authorization": f"Bearer {self.token}"})
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as problem:
            return problem.code, problem.read()
        except (urllib.error.URLError, ConnectionError):
            return 0, b""

    def get(self, path: str) -> Any:
        """The JSON at `path` of the API."""
        status, body = self.ask(f"/api/v1{path}")
        assert status == 200, (status, body)
        return json.loads(body)

    def submit(self, requests: Sequence[object]) -> list[str]:
        """Submit each; their ids."""
        answers = [self.ask("/api/v1/submissions", request) for request in requests]
        assert [status for status, _ in answers] == [201] * len(requests), answers
        return [json.loads(body)["id"] for _, body in answers]

    def wait_until_up(self) -> None:
        """Until the front page answers."""
        wait_for("The site", lambda: self.ask("/")[0] == 200)

    def wait_for_board(self, ids: Sequence[str], digest: str, seconds: float) -> None:
        """Until every submission has ended and the board is the expected one."""

        def ready() -> bool:
            time.sleep(0.4)  # asking costs the site the time that its workers need
            reached = self.get("/boards/small/standings")["snapshot"] == digest
            return reached and all(self.get(f"/submissions/{pk}")["state"] == "done" for pk in ids)

        wait_for(f"Board {digest[:12]}", ready, seconds)

    def in_the_middle(self, ids: Sequence[str]) -> bool:
        """Whether some submission has a part of its outputs, so that a worker has its job now."""
        made = [self.get(f"/submissions/{pk}")["stages"]["outputs"] for pk in ids]
        return any(0 < stage["made"] < stage["wanted"] for stage in made)


def kill_in_the_middle(site: Site, ids: Sequence[str], pid: int, seconds: float = 60.0) -> None:
    """SIGKILL to the process group once it has done a part of a job; it stands still while that is made sure."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if site.in_the_middle(ids):
            os.killpg(pid, signal.SIGSTOP)
            if site.in_the_middle(ids):
                os.killpg(pid, signal.SIGKILL)
                return
            os.killpg(pid, signal.SIGCONT)
        time.sleep(0.15)
    raise TimeoutError(f"No job was seen half done in {seconds:.0f} s")


def children(pid: int) -> dict[int, str]:
    """The command line of each child, by process id."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child): Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ") for child in listed}


def passes_on_postgresql(*chosen: str) -> None:
    """Run these tests in a process of their own on a private PostgreSQL; all must pass and none may be skipped."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *chosen]
    with postgres() as url:
        env = {**os.environ, "DATABASE_URL": url, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"\d+ passed in .*", last), done.stdout[-8000:] + done.stderr[-2000:]
