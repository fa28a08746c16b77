"""The decoding comparison runs, on a few prompts, and without Django."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bench.generation_work import SWEEP
from tests.conftest import ROOT

pytestmark = pytest.mark.slow
PROMPTS, SAMPLES = 4, 2
SMALL = ["--model", "pebble-s", "--prompts", str(PROMPTS), "--samples", str(SAMPLES), "--new-tokens", "8"]
RUN = """
import runpy, sys
sys.argv = ["bench/generation.py", *sys.argv[1:]]
runpy.run_path("bench/generation.py", run_name="__main__")
assert not [name for name in sys.modules if name.partition(".")[0] == "django"]
"""


@pytest.fixture(scope="module")
def printed() -> list[str]:
    command = [sys.executable, "-c", RUN, *SMALL, "--repeats", "1", "--peers", "generate"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_last_line_is_one_json_object(printed: list[str]) -> None:
    found = json.loads(printed[-1])
    assert (found["bench"], list(found["models"])) == ("generation", ["pebble-s"])
    assert set(found["models"]["pebble-s"]["tokens_per_second"]) == {"ours", "generate"}


def test_ratios_are_rates_over_the_peers(printed: list[str]) -> None:
    model = json.loads(printed[-1])["models"]["pebble-s"]
    rates = model["tokens_per_second"]
    assert model["ratios"] == {"generate": pytest.approx(rates["ours"] / rates["generate"], rel=0.02)}


def test_every_output_of_the_sweep_is_made_and_prefixes_are_shared(printed: list[str]) -> None:
    assert f" {len(SWEEP) * SAMPLES * PROMPTS} outputs" in " ".join(printed)
    model = json.loads(printed[-1])["models"]["pebble-s"]
    # Alone, every output would read its whole prompt: more than two positions for each of so few new tokens.
    assert 0.0 < model["positions_per_token"] < 2.0
    assert 0.0 < model["own_share"] < 1.0
