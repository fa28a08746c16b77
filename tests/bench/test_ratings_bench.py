"""The speed comparison runs, without peers, on few battles."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT

SIZE = 2000
CASE = f"refit-{SIZE}"


@pytest.fixture(scope="module")
def printed() -> list[str]:
    options = ["--sizes", str(SIZE), "--peers", "none", "--cases", "refit", "--repeats", "1"]
    command = [sys.executable, "bench/ratings.py", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_last_line_is_one_json_object(printed: list[str]) -> None:
    found = json.loads(printed[-1])
    assert list(found) == ["ratios", "aims", "met", "cpu_s", "wall_s", "peak_mib", "machine"]


def test_without_peers_there_is_a_cost_and_no_ratio(printed: list[str]) -> None:
    found = json.loads(printed[-1])
    assert found["ratios"] == {}
    assert found["cpu_s"][CASE]["ours"] > 0
    assert "peer" not in found["cpu_s"][CASE]
    assert found["peak_mib"][CASE]["ours"] > 10


def test_an_aim_is_met_where_the_cost_stays_below_it(printed: list[str]) -> None:
    found = json.loads(printed[-1])
    assert found["aims"] == {CASE: 0.05}
    assert found["met"][CASE] == (found["cpu_s"][CASE]["ours"] <= 0.05)


def test_a_row_of_the_table_for_each_case(printed: list[str]) -> None:
    assert [text.split()[0] for text in printed[:2]] == ["case", CASE]
    assert len(printed) == 4
