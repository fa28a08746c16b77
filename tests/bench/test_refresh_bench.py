"""The timing of the refresh runs, on a small board in a folder of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def printed() -> list[str]:
    command = [sys.executable, "bench/refresh.py", "--judgments", "800", "--pairing", "baseline,all"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_line_for_each_board_and_one_json_object(printed: list[str]) -> None:
    assert [text.split()[:2] for text in printed[:-1]] == [["1,210", "baseline"], ["1,210", "all"]]
    assert list(json.loads(printed[-1])) == ["new", "prompts", "runs", "machine"]


def test_kept_columns_and_a_reading_from_scratch_give_one_digest(printed: list[str]) -> None:
    assert [run["same_digest"] for run in json.loads(printed[-1])["runs"]] == [True, True]


def test_ratios_are_of_the_costs_that_are_told(printed: list[str]) -> None:
    for run in json.loads(printed[-1])["runs"]:
        for kind in ("new", "again"):
            assert run[f"ratio_{kind}"] == pytest.approx(run["from_scratch_cpu_s"] / run[f"{kind}_cpu_s"])
