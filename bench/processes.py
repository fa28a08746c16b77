"""Starts the measured processes, each alone and single-threaded, and takes the median of their costs."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "bench" / "peers.txt"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS")
SINGLE = {
    **dict.fromkeys(THREADS, "1"),
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "PYTHONPATH": str(ROOT),
    "PYTHONWARNINGS": "ignore",
}


@dataclass(frozen=True)
class Measured:
    """Medians over the repeats, times for one unit; `values` are the answers of the last repeat, by name."""

    cpu_s: float
    wall_s: float
    loaded_mib: float
    peak_mib: float
    values: dict[str, float]


def ours(case: str, path: Path) -> list[str]:
    """The command of one of our cases."""
    return [sys.executable, "-m", "bench.ours", case, str(path)]


def theirs(python: Path, script: str, path: Path) -> list[str]:
    """The command of a peer's script under the peers' Python."""
    return [str(python), str(ROOT / "bench" / "peers" / f"{script}.py"), str(path)]


def prepare(module: str, *words: str) -> None:
    """Runs a module of ours that writes data; in its own process, so that this one stays small."""
    _run([sys.executable, "-m", module, *words])


def alternate(commands: Sequence[list[str]], repeats: int) -> list[Measured]:
    """Measures the commands in turn, `repeats` times over."""
    rounds = [[json.loads(_run(command).splitlines()[-1]) for command in commands] for _ in range(repeats)]
    return [_median([found[place] for found in rounds]) for place in range(len(commands))]


def peers_python(folder: Path) -> Path:
    """The Python of the peers' own environment in `folder`, made with the versions of peers.txt where missing."""
    python = folder / "bin" / "python"
    pins, done = PINS.read_text(), folder / "installed.txt"
    if not done.exists() or done.read_text() != pins:
        print(f"Installing the peers into {folder} …", file=sys.stderr)
        venv.create(folder, with_pip=True)
        _run([str(python), "-m", "pip", "install", "-q", "-r", str(PINS)])
        done.write_text(pins)
    return python


def machine() -> str:
    """The processor's name and how many cores this process may use."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else 'unknown processor'}, {len(os.sched_getaffinity(0))} cores"


def _run(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **SINGLE}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def _median(rounds: list[dict[str, float]]) -> Measured:
    def middle(name: str) -> float:
        return statistics.median(found[name] for found in rounds)

    units, values = rounds[0]["units"], rounds[-1]["values"]
    return Measured(
        middle("cpu_s") / units, middle("wall_s") / units, middle("loaded_mib"), middle("peak_mib"), dict(values)
    )
