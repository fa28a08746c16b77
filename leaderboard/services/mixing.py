"""Jobs that make the outputs of several arms of a sweep side by side.

The engine reads a prompt once for all rows that begin with it, so outputs to one prompt belong into one job, whichever
arm they are for. Such a job belongs to the sweep; out of attempts it is divided into one for each arm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from leaderboard.contracts import registry
from leaderboard.models import Entry, Job, Submission, Sweep
from leaderboard.services.jobs import NewJob

CHUNK = 128
"""Most outputs in one job: more rows side by side than a single arm has, and still soon made again after a kill."""

Arm = tuple[Submission, Entry, list[list[int]]]
"""A submission, the entry whose outputs are generated for it, and [prompt id, sample] of each that is missing."""


def generate_jobs(sweep: Sweep, arms: Sequence[Arm]) -> list[NewJob]:
    """Jobs for everything that is missing, all arms of a prompt together."""
    backend = registry.generators.get(sweep.model.generator).backend
    return [
        NewJob(
            key=f"generate:{sweep.pk}:{place}",
            kind=Job.Kind.GENERATE,
            queue=f"gpu.{backend}",
            payload={"parts": _parts(arms, chunk)},
            items=len(chunk),
            sweep_id=sweep.pk,
        )
        for place, chunk in enumerate(_chunks(arms))
    ]


def _chunks(arms: Sequence[Arm]) -> Iterator[list[tuple[int, list[int]]]]:
    """(Place in `arms`, [prompt id, sample]) of up to `CHUNK` outputs; a prompt is divided only if it must be."""
    blocks: dict[int, list[tuple[int, list[int]]]] = defaultdict(list)
    for place, (_, _, items) in enumerate(arms):
        for item in items:
            blocks[item[0]].append((place, item))
    chunk: list[tuple[int, list[int]]] = []
    for block in blocks.values():
        if chunk and len(chunk) + len(block) > CHUNK:
            yield chunk
            chunk = []
        chunk = chunk + block
        while len(chunk) > CHUNK:
            yield chunk[:CHUNK]
            chunk = chunk[CHUNK:]
    if chunk:
        yield chunk


def _parts(arms: Sequence[Arm], chunk: Sequence[tuple[int, list[int]]]) -> list[dict[str, Any]]:
    items: dict[int, list[list[int]]] = defaultdict(list)
    for place, item in chunk:
        items[place].append(item)
    return [
        {"submission": str(arms[place][0].pk), "entry": arms[place][1].pk, "items": own}
        for place, own in sorted(items.items())
    ]
