"""Times judging over HTTP against alpaca_eval and inspect_ai: `python bench/judging.py --help`.

All sides ask the same server on this machine, which waits before each answer, about the same pairs, each in a process
of its own. Prints a table, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Run as a script, only this file's own folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.processes import ROOT, Measured, alternate, machine, peers_python

WORDS = "the of a model answer is that with some words and few more which say nothing much about it".split()
PEERS = {"alpaca-eval": "alpaca_eval_judging", "inspect-ai": "inspect_judging"}
AIMS = {"alpaca-eval": 20.0, "inspect-ai": 8.0}
OF_SERVER = 0.9
BATCHES = (10, 100, 500)


@dataclass(frozen=True)
class Side:
    """One side's medians for one pair, and what was judged."""

    name: str
    found: Measured
    wanted: int

    @property
    def rate(self) -> float:
        """Judgments a second."""
        return 1.0 / self.found.wall_s

    @property
    def whole(self) -> bool:
        """Whether every pair got a number."""
        return self.found.values["judged"] == self.wanted


@contextmanager
def server(delay: float) -> Iterator[str]:
    """The waiting server in its own process; its address."""
    command = [sys.executable, str(ROOT / "bench" / "judge_server.py"), "--delay", str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        try:
            yield f"http://127.0.0.1:{started.stdout.readline().strip()}/v1"
        finally:
            started.terminate()


def write_pairs(path: Path, count: int, words: int) -> Path:
    """Made-up pairs as alpaca_eval takes them; every text is different."""
    rng = random.Random(1)

    def text(size: int) -> str:
        return " ".join(rng.choices(WORDS, k=size))

    with path.open("w") as out:
        for place in range(count):
            pair = {"instruction": f"{place} {text(30)}", "output_1": text(words), "output_2": text(words)}
            out.write(json.dumps(pair) + "\n")
    return path


def ours(case: str, *words: object) -> list[str]:
    """The command of one of our cases."""
    return [sys.executable, "-m", "bench.judging_ours", case, *map(str, words)]


def speed(options: argparse.Namespace, folder: Path, peers: Path | None) -> list[Side]:
    """Every side in turn; medians of the repeats."""
    path = write_pairs(folder / "pairs.jsonl", options.pairs, 350)
    with server(options.delay) as url:
        sides = {f"ours, {n} in flight": ours("judge", path, url, n) for n in options.in_flight}
        if peers:
            scripts = {name: str(ROOT / "bench" / "peers" / f"{file}.py") for name, file in PEERS.items()}
            sides |= {name: [str(peers), script, str(path), url] for name, script in scripts.items()}
        found = alternate(list(sides.values()), options.repeats)
    return [Side(name, one, options.pairs) for name, one in zip(sides, found, strict=True)]


def show(sides: Sequence[Side], options: argparse.Namespace) -> dict[str, Any]:
    """The table; ratios and shares by name."""
    best = {name: own.rate for name, own in zip(options.in_flight, sides, strict=False)}
    print(f"{'side':22}{'judgments/s':>12}{'CPU ms each':>13}{'peak MiB':>10}{'all judged':>12}  ours over it")
    rows = {}
    for side in sides:
        ratios = {str(n): round(rate / side.rate, 1) for n, rate in best.items()} if side.name in AIMS else {}
        told = ", ".join(f"{ratio} ({n})" for n, ratio in ratios.items())
        cpu = 1000 * side.found.cpu_s
        print(
            f"{side.name:22}{side.rate:>12.1f}{cpu:>13.2f}{side.found.peak_mib:>10.0f}"
            f"{'yes' if side.whole else 'NO':>12}  {told}"
        )
        rows[side.name] = {"per_second": round(side.rate, 1), "cpu_ms": round(cpu, 3), "ratios": ratios}
    # Calls come back in rounds, and the last one need not be full: no client can end sooner.
    least = {n: math.ceil(options.pairs / n) * options.delay for n in best}
    shares = {str(n): round(least[n] * rate / options.pairs, 3) for n, rate in best.items()}
    told = ", ".join(f"{share:.0%} at {n}" for n, share in shares.items())
    print("Share of what the server can give in whole rounds:", told)
    return {"sides": rows, "share_of_server": shares, "all_judged": all(side.whole for side in sides)}


def memory(sizes: Sequence[int], folder: Path) -> dict[str, Any]:
    """Resident memory of a worker over many jobs, against a server that does not wait."""
    rows = {}
    for size in sizes:
        path = write_pairs(folder / f"memory-{size}.jsonl", size, 40)
        with server(0.0) as url:
            (found,) = alternate([ours("memory", path, url, 64)], 1)
        values = found.values
        print(
            f"memory, {size:>7,} judgments: after the first job {values['first_mib']:.0f} MiB, "
            f"after the last {values['last_mib']:.0f}, {1 / found.wall_s:.0f} judgments/s"
        )
        rows[str(size)] = {**values, "per_second": round(1 / found.wall_s, 1)}
    return rows


def writes(count: int, folder: Path) -> dict[str, Any]:
    """Verdicts stored a second on a private PostgreSQL, so many at once."""
    from tests.services import postgres

    path, rows = write_pairs(folder / "writes.jsonl", count, 40), {}
    for batch in BATCHES:
        with postgres() as url:
            (found,) = alternate([["env", f"BENCH_DATABASE_URL={url}", *ours("writes", path, batch)]], 1)
        rows[str(batch)] = round(1 / found.wall_s)
        print(f"writes on PostgreSQL, {batch:>3} at once: {rows[str(batch)]:,} verdicts/s")
    return rows


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=805)
    parser.add_argument("--delay", type=float, default=0.3, help="seconds that the server waits (0.3)")
    parser.add_argument("--in-flight", type=_numbers, default=[64, 256, 512], help="our settings, by comma")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", default=".bench-env", help="Python or folder of their environment, or none")
    parser.add_argument("--memory", type=_numbers, default=[], help="also memory at these sizes, such as 1000,100000")
    parser.add_argument("--writes", type=int, default=0, help="also so many verdicts into a private PostgreSQL")
    return parser.parse_args()


def _peers(given: str) -> Path | None:
    if given == "none":
        return None
    return Path(given) if Path(given).is_file() else peers_python(ROOT / given)


def main() -> None:
    """Measures and prints."""
    options = arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sides = speed(options, folder, _peers(options.peers))
        result = {"bench": "judging", "pairs": options.pairs, "delay": options.delay, **show(sides, options)}
        result["memory"] = memory(options.memory, folder)
        result["writes"] = writes(options.writes, folder) if options.writes else {}
    print(json.dumps({**result, "machine": machine()}))


if __name__ == "__main__":
    main()
