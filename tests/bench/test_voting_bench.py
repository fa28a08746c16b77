"""The load test of the voting page, small: every vote is stored once, and no used ballot is taken."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.services import _postgres_bin

SMALL = ["--votes", "800", "--entries", "6", "--prompts", "20", "--voters", "12", "--seconds", "6", "--think", "0.5"]


@pytest.fixture(scope="module")
def row() -> dict[str, Any]:
    _postgres_bin()  # skips where there is none
    command = [sys.executable, "bench/voting.py", *SMALL, "--replay", "0.5"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_votes_were_cast_and_none_was_lost_or_counted_twice(row: dict[str, Any]) -> None:
    assert row["votes"] > 0
    assert (row["lost"], row["twice"], row["faults"]) == (0, 0, 0), row["first_faults"]


def test_used_ballots_were_sent_again_and_none_was_taken(row: dict[str, Any]) -> None:
    assert row["replays"] > 0
    assert row["replays_taken"] == 0


def test_every_step_is_told_with_its_quantiles(row: dict[str, Any]) -> None:
    assert list(row["ms"]) == ["vote", "next", "vote and next", "stamp"]
    assert all(ms["p50"] <= ms["p95"] <= ms["p99"] for ms in row["ms"].values())
