"""Measures one piece of work inside its own process. Standard library only, since every peer runs it too."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TypeVar

T = TypeVar("T")
KIB = 1024


@dataclass(frozen=True)
class Cost:
    """`cpu_s`: user and system seconds of all threads; `peak_mib`: largest resident memory of the process so far,
    `loaded_mib`: the same before the work began, so imports and the loaded data.
    """

    cpu_s: float
    wall_s: float
    loaded_mib: float
    peak_mib: float


def clocked(work: Callable[[], T]) -> tuple[T, Cost]:
    """What `work` gives, and what it cost."""
    loaded = _peak_mib()
    cpu, wall = time.process_time(), time.perf_counter()
    found = work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return found, Cost(cpu, wall, loaded, _peak_mib())


def report(values: dict[str, float], cost: Cost, units: int = 1) -> None:
    """Prints one JSON line: `values` by name, `units` (models, replicates) that shared the cost, and the cost."""
    print(json.dumps({"values": values, "units": units, **asdict(cost)}))


def _peak_mib() -> float:
    # Linux hands a process the peak of whoever started it, so the starter must stay small.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB
