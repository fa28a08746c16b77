"""What is compared: each case with its data, the peer's script and the aim."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SMALL = 1_000_000
ARENA_RANK_AIMS = {100_000: 50.0, 1_000_000: 20.0, 10_000_000: 6.0}
EVALICA_AIM = 3.0
AGREED = {"arena_rank_peer": 1.0, "evalica_peer": 0.1, "alpaca_eval_peer": 0.16}
"""Points by which an entry's value may differ. arena-rank stops where its mean loss changes by less than 1e-9, up to
half a point short of the optimum for the rarest entries; alpaca_eval's cross-validation may choose a neighbouring C."""


@dataclass(frozen=True)
class Case:
    """`task` of `bench.ours` against `script` of `bench.peers`, "" where there is none to compare with.

    `path` and `peer_path` hold the data. `aim`: the least ratio of the peer's CPU seconds to ours, or without
    a script the most CPU seconds; None where none is set. `slow`: measured once.
    """

    name: str
    task: str
    path: Path
    script: str = ""
    peer_path: Path | None = None
    aim: float | None = None
    slow: bool = False


def battle_cases(folder: Path, sizes: Sequence[int]) -> list[Case]:
    """The cases on generated battles; the largest size also from stored places, and as one more vote."""
    found = []
    for size in sizes:
        path, slow = folder / f"{size}.parquet", size > SMALL
        aim = ARENA_RANK_AIMS.get(size)
        found.append(Case(f"text-{size}-arena-rank", "text", path, "arena_rank_peer", path, aim, slow))
        found.append(Case(f"text-{size}-evalica", "named", path, "evalica_peer", path, EVALICA_AIM, slow))
    largest, drawn = max(sizes), SMALL if SMALL in sizes else min(sizes)
    return [
        *found,
        Case(f"ids-{largest}", "ids", folder / f"{largest}.parquet", aim=0.5),
        Case(f"replicates-{drawn}", "replicates", folder / f"{drawn}.parquet", aim=5.0 if drawn == SMALL else None),
        Case(f"refit-{largest}", "refit", folder / f"{largest}.parquet", aim=0.05),
    ]


def length_cases(folder: Path, peer_folder: Path) -> list[Case]:
    """The cases of length control on the published judgments; times are for one model."""
    peer = "alpaca_eval_peer"
    return [
        Case("length-cv", "length_published", folder, peer, peer_folder, 10.0),
        Case("length-fixed-c", "length_default", folder, peer, peer_folder, 100.0),
        Case("length-replicates", "length_bootstrap", folder, aim=1.0),
    ]


def disagreement(case: Case, ours: dict[str, float], theirs: dict[str, float]) -> float:
    """Largest difference in points; ratings are centred first, since every side has its own zero.

    Raises: ValueError where an entry of the peer has no value of ours.
    """
    shift = 0.0
    if case.task in ("text", "named"):
        shift = statistics.fmean(ours.values()) - statistics.fmean(theirs.values())
    missing = set(theirs) - set(ours)
    if missing:
        raise ValueError(f"{case.name}: {len(missing)} entries have no value of ours, as {min(missing)}.")
    return max(abs(ours[name] - value - shift) for name, value in theirs.items())
