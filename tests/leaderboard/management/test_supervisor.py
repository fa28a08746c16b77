"""The supervisor's web server listens when the database is ready, and never outlives a start that failed."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.management.supervisor import Supervisor
from tests.e2e.runs import ROOT, environment
from tests.services import free_port


def test_the_server_waits_for_the_database_and_ends_where_that_cannot_be_made():
    supervisor = Supervisor("127.0.0.1", free_port())

    def prepare():
        with socket.socket() as probe:
            assert probe.connect_ex((supervisor.host, supervisor.port)) != 0
        assert supervisor.web is not None and supervisor.web.poll() is None
        raise InvalidInput(FieldError((), "There is no room for it."))

    with pytest.raises(InvalidInput, match="no room"):
        supervisor.run(prepare)
    assert supervisor.web.poll() is not None and supervisor.worker is None


def test_a_server_whose_supervisor_is_gone_never_listens(tmp_path):
    command = [sys.executable, "-m", "gunicorn", "leaderboard.wsgi", "--bind", f"127.0.0.1:{free_port()}"]
    command += ["--config", "python:leaderboard.management.web_server"]
    done = subprocess.run(command, cwd=ROOT, env=environment(tmp_path), stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 1
