"""Runs the embedded mode: the web server and one worker process, with the sweep on a timer.

The server loads the site while the database is prepared, listens once that is done, and only then a worker starts.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import Job
from leaderboard.services import jobs, pipeline

log = logging.getLogger(__name__)
QUEUES = "default,judge,gpu.transformers,gpu.http"
STOP_SECONDS = 25
ROOT_WARNING = "ignore:You're running the worker with superuser privileges"
"""It is about messages in pickle; this service takes JSON alone."""


class Supervisor:
    """Starts the processes, restarts a dead worker, sweeps, and stops everything on SIGTERM or Ctrl-C."""

    def __init__(self, host: str, port: int, *, worker: bool = True) -> None:
        self.host, self.port, self.with_worker = host, port, worker
        self.web: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None
        self.stopping = False
        self._restart_at = 0.0
        self._deaths = 0

    @property
    def address(self) -> str:
        """Where the site is."""
        return f"http://{self.host}:{self.port}"

    def run(self, prepare: Callable[[], None], tick: Callable[[], bool] = lambda: True) -> None:
        """Run `prepare`, then the site until stopped or until `tick`, called at each sweep, says False."""
        self._check_port()
        try:
            self._load_web()
            prepare()
            signal.signal(signal.SIGTERM, self._on_signal)
            signal.signal(signal.SIGINT, self._on_signal)
            release_dead_workers()
            self._start()
            while not self.stopping and self._turn() and tick():
                time.sleep(min(1.0, settings.SWEEP_SECONDS))
        finally:
            self._stop()

    def _check_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as problem:
                message = f"Port {self.port} cannot be used ({problem.strerror}). Choose another with --port."
                raise InvalidInput(FieldError(("port",), message)) from None

    def _on_signal(self, *_: object) -> None:
        self.stopping = True

    def _load_web(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "leaderboard.wsgi", "--bind", f"{self.host}:{self.port}"]
        command += ["--config", "python:leaderboard.management.web_server"]
        self.web = subprocess.Popen(command, start_new_session=True, stdin=subprocess.PIPE)  # noqa: S603, our own command

    def _start(self) -> None:
        assert self.web is not None and self.web.stdin is not None
        with contextlib.suppress(BrokenPipeError), self.web.stdin as word:  # it may have ended: the first turn tells
            word.write(b".")
        if self.with_worker:
            self._start_worker()

    def _start_worker(self) -> None:
        command = [sys.executable, "-W", ROOT_WARNING, "-m", "celery", "-q", "-A", "leaderboard", "worker"]
        command += ["--pool", "solo", "-Q", QUEUES]
        command += ["-l", "warning", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        # One core is left to the pages: threads that wait for each other at every step crawl where a core is shared.
        threads = str(max(1, (os.cpu_count() or 1) - 1))
        environment = {"OMP_NUM_THREADS": threads, **quiet, **os.environ}
        self.worker = subprocess.Popen(command, start_new_session=True, env=environment)  # noqa: S603

    def _turn(self) -> bool:
        assert self.web is not None
        if self.web.poll() is not None:
            log.error("The web server ended with code %s.", self.web.returncode)
            return False
        self._revive_worker()
        try:
            pipeline.sweep()
        except DatabaseError as problem:  # locked or away for a moment: the next turn tries again
            log.warning("The sweep failed: %s", problem)
        return True

    def _revive_worker(self) -> None:
        if self.worker is None or self.worker.poll() is None:
            return
        if not self._restart_at:
            self._deaths += 1
            self._restart_at = time.monotonic() + min(30.0, 2.0 ** (self._deaths - 1))
            jobs.release(f"{socket.gethostname()}:{self.worker.pid}")
        if time.monotonic() >= self._restart_at:
            self._restart_at = 0.0
            self._start_worker()

    def _stop(self) -> None:
        running = [process for process in (self.worker, self.web) if process and process.poll() is None]
        for process in running:
            process.terminate()
        end = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def release_dead_workers() -> None:
    """End the leases of workers of this machine that no longer run, as after a power cut."""
    here = socket.gethostname()
    owners = Job.objects.filter(state=Job.State.RUNNING, owner__startswith=f"{here}:").values_list("owner", flat=True)
    for worker in {owner.rpartition(":")[0] for owner in owners}:
        if not _alive(int(worker.rpartition(":")[2])):
            jobs.release(worker)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
