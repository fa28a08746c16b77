"""Compares the ratings with their peers on the same files: `python bench/ratings.py --help`.

Prints a table, and as its last line one JSON object. Both sides run alone, one thread each, in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Run as a script, only this file's own folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.cases import AGREED, Case, battle_cases, disagreement, length_cases
from bench.processes import ROOT, Measured, alternate, machine, ours, peers_python, prepare, theirs

SIZES = "100000,1000000,10000000"
HEADER = ("case", "CPU s", "peer CPU s", "ratio", "aim", "met", "wall s", "peak MiB", "peer MiB", "differ by")
WIDTHS = (27, 10, 11, 8, 8, 5, 10, 10, 10, 10)


@dataclass(frozen=True)
class Row:
    """One measured case; `gap` in points between the two answers."""

    case: Case
    ours: Measured
    peer: Measured | None = None
    gap: float | None = None

    @property
    def agrees(self) -> bool:
        """Whether there is a peer and its answer is ours."""
        return self.gap is not None and self.gap <= AGREED[self.case.script]

    @property
    def ratio(self) -> float | None:
        """The peer's CPU seconds over ours; None where the answers differ, since the times then say nothing."""
        return self.peer.cpu_s / self.ours.cpu_s if self.peer and self.agrees else None

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None without one, or without the peer that it speaks of."""
        if self.case.aim is None or (self.case.script and not self.peer):
            return None
        if not self.case.script:
            return self.ours.cpu_s <= self.case.aim
        return self.ratio is not None and self.ratio >= self.case.aim


def measure(case: Case, python: Path | None, repeats: int) -> Row:
    """Runs a case, with its peer where there is a Python for it; a slow case once, the others `repeats` times."""
    rounds = 1 if case.slow else repeats
    commands = [ours(case.task, case.path)]
    if not case.script or python is None:
        return Row(case, *alternate(commands, rounds))
    commands.append(theirs(python, case.script, case.peer_path or case.path))
    own, peer = alternate(commands, rounds)
    return Row(case, own, peer, disagreement(case, own.values, peer.values))


def line(row: Row) -> str:
    """A row of the table."""
    peer = row.peer
    cells = (
        row.case.name,
        f"{row.ours.cpu_s:.4g}",
        f"{peer.cpu_s:.4g}" if peer else "-",
        f"{row.ratio:.1f}" if row.ratio else "-",
        "-" if row.case.aim is None else f"{row.case.aim:g}{'x' if row.case.script else ' s'}",
        {True: "yes", False: "NO", None: "-"}[row.met],
        f"{row.ours.wall_s:.4g}",
        f"{row.ours.peak_mib:.0f}",
        f"{peer.peak_mib:.0f}" if peer else "-",
        f"{row.gap:.2g}" if row.gap is not None else "-",
    )
    return _joined(cells)


def _joined(cells: tuple[str, ...]) -> str:
    return "".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def summary(rows: list[Row]) -> str:
    """The JSON object of the last line; costs are by case, ours and the peer's."""

    def both(of: Callable[[Measured], float]) -> dict[str, dict[str, float]]:
        return {
            row.case.name: {side: of(found) for side, found in (("ours", row.ours), ("peer", row.peer)) if found}
            for row in rows
        }

    return json.dumps(
        {
            "ratios": {row.case.name: row.ratio for row in rows if row.ratio is not None},
            "aims": {row.case.name: row.case.aim for row in rows if row.case.aim is not None},
            "met": {row.case.name: row.met for row in rows if row.met is not None},
            "cpu_s": both(lambda found: found.cpu_s),
            "wall_s": both(lambda found: found.wall_s),
            "peak_mib": both(lambda found: found.peak_mib),
            "machine": machine(),
        }
    )


def chosen(options: argparse.Namespace, folder: Path) -> list[Case]:
    """The cases that were asked for, their data written."""
    cases = battle_cases(folder, options.sizes)
    alpaca = options.reference / "alpaca_eval"
    if alpaca.is_dir():
        cases += length_cases(alpaca, folder)
    else:
        print(f"No reference data at {alpaca}: length control is left out.", file=sys.stderr)
    cases = [case for case in cases if case.name.startswith(options.cases)]
    for path in {case.path for case in cases if case.path.suffix == ".parquet"}:
        prepare("bench.battles_file", str(folder), path.stem)
    if any(case.path == alpaca for case in cases):
        prepare("bench.length_data", str(alpaca), str(folder))
    return cases


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--sizes", type=_sizes, default=_sizes(SIZES), help=f"battles, by comma ({SIZES})")
    add("--cases", default="", help="only cases whose name starts so: text, ids, replicates, refit, length")
    add("--repeats", type=int, default=3, help="rounds whose median counts (3); one for ten million battles")
    add("--peers", default="", help="the Python that has the peers, or none; otherwise one is made")
    add("--peers-env", type=Path, default=ROOT / ".bench-env", help="folder of the environment that is made")
    reference = os.environ.get("TOUCHSTONE_REFERENCE", ROOT.parent / "shared" / "reference")
    add("--reference", type=Path, default=Path(reference), help="folder of the published reference data")
    return parser.parse_args()


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(word) for word in text.split(",")))


def main() -> None:
    """Measures, and says which aims are missed."""
    options = arguments()
    python = None if options.peers == "none" else Path(options.peers or peers_python(options.peers_env))
    rows = []
    print(_joined(HEADER))
    with tempfile.TemporaryDirectory() as folder:
        for case in chosen(options, Path(folder)):
            rows.append(measure(case, python, options.repeats))
            print(line(rows[-1]), flush=True)
    missed = [row.case.name for row in rows if row.met is False]
    print(f"Missed: {', '.join(missed)}." if missed else "No aim is missed.")
    print(summary(rows))


if __name__ == "__main__":
    main()
