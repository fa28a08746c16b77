"""Runs the voter tests over a board's votes and keeps what they find. Nothing here changes what a vote counts."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from leaderboard.models import Board, VoterFlag
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.strengths import fit
from leaderboard.ratings.voter_tests import TargetTest, VoterTest, target_tests, voter_tests
from leaderboard.services.material import Ground

WINDOW_SECONDS = 3600.0
"""Votes of one such window are looked at together, since riggers with few votes each come at one time."""


@dataclass(frozen=True)
class Looked:
    """Voters tested, and what was found, by voter or window."""

    tested: int
    voters: tuple[VoterTest, ...]
    targets: tuple[tuple[str, TargetTest], ...]

    @property
    def counts(self) -> dict[str, int]:
        """What everybody may read: no voter is named."""
        return {
            "tested": self.tested,
            "position": sum("position" in test.flags for test in self.voters),
            "uninformative": sum("uninformative" in test.flags for test in self.voters),
            "targets": len(self.targets),
        }


def look(ground: Ground) -> Looked:
    """Tests of every voter with enough votes, and of every time window, against a fit of the votes."""
    votes = ground.tally.columns["votes"]
    a, b = ground.entry_places(votes["entry_a"]), ground.entry_places(votes["entry_b"])
    kept = (ground.prompt_places(votes["prompt"]) >= 0) & ~np.isnan(votes["credit"]) & (a >= 0) & (b >= 0)
    left, credit = votes["left"][kept], votes["credit"][kept]
    battles = Battles(
        tuple(entry.slug for entry in ground.entries),
        np.where(left, a[kept], b[kept]),
        np.where(left, b[kept], a[kept]),
        np.where(left, credit, 1 - credit),
        None,
    )
    if not len(credit):
        return Looked(0, (), ())
    fitted = fit(battles)
    voter = votes["voter"][kept]
    window = np.floor(votes["at"][kept] / WINDOW_SECONDS).astype(np.int64)
    tested = voter_tests(battles, fitted, voter)
    targets = [("target", test) for test in target_tests(battles, fitted, voter) if test.flagged]
    targets += [("target-cohort", test) for test in target_tests(battles, fitted, window) if test.flagged]
    return Looked(len(tested), tuple(test for test in tested if test.flags), tuple(targets))


def record(board: Board, ground: Ground, found: Looked) -> None:
    """Store the signs that are new; one that is there keeps its first numbers."""
    ids = {entry.slug: entry.pk for entry in ground.entries}
    rows = [
        VoterFlag(board=board, voter=str(test.voter), kind=kind, evidence=_numbers(test))
        for test in found.voters
        for kind in test.flags
    ]
    rows += [
        VoterFlag(
            board=board, voter=_label(kind, test.cohort), kind=kind, target_id=ids[test.target], evidence=_numbers(test)
        )
        for kind, test in found.targets
    ]
    VoterFlag.objects.bulk_create(rows, ignore_conflicts=True)


def _label(kind: str, cohort: Any) -> str:
    if kind == "target":
        return str(cohort)
    start = np.datetime64(int(cohort * WINDOW_SECONDS), "s")
    return f"window:{start}Z"


def _numbers(test: VoterTest | TargetTest) -> dict[str, Any]:
    left_out = ("voter", "cohort", "target", "flags", "flagged")
    return {
        name: float(value) if isinstance(value, float | np.floating) else int(value)
        for name, value in dataclasses.asdict(test).items()
        if name not in left_out
    }
