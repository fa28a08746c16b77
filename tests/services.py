"""Private PostgreSQL and Redis servers on free ports, for one test session; nothing that happens to run is used."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def need(name: str, found: str | None) -> str:
    """The program's path; absent, the test skips with the reason, in CI it fails."""
    if found is None:
        reason = f"{name} is not installed."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def wait_for(what: str, ready: Callable[[], bool], seconds: float = 60.0) -> None:
    """Poll until `ready`; fails with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} was not reached in {seconds:.0f} s")
        time.sleep(0.1)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _postgres_bin() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(need("postgresql", str(found[-1]) if found else shutil.which("initdb"))).parent


@contextmanager
def postgres() -> Iterator[str]:
    """A server in a folder of its own; yields its DATABASE_URL."""
    binaries = _postgres_bin()
    folder = Path(tempfile.mkdtemp(prefix="touchstone-pg-"))
    port = free_port()
    as_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"
        shutil.chown(folder, user)
        as_user = ["setpriv", f"--reuid={user}", "--clear-groups", f"--regid={pwd.getpwnam(user).pw_gid}"]
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "cwd": folder}
    subprocess.run([*as_user, binaries / "initdb", "-D", data, "-U", "touchstone", "-A", "trust"], check=True, **quiet)
    settings = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
    settings += ["-c", "max_connections=300"]
    server = subprocess.Popen(
        [*as_user, binaries / "postgres", "-D", data, "-p", str(port), *settings], stderr=subprocess.DEVNULL, **quiet
    )
    try:
        ready = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        wait_for("PostgreSQL", lambda: subprocess.run(ready, check=False).returncode == 0)
        yield f"postgres://touchstone@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis() -> Iterator[str]:
    """A server with AOF in a folder of its own; yields its URL."""
    program = need("redis-server", shutil.which("redis-server"))
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="touchstone-redis-") as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--save", ""]
        server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        try:
            wait_for("Redis", lambda: _accepts(port))
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait(30)
