"""Runs the voter tests over a board's votes and keeps what they find."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.models import Board, VoterFlag
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.strengths import Fit, fit
from leaderboard.ratings.target_groups import GroupTest, group_tests
from leaderboard.ratings.voter_evidence import Votes
from leaderboard.ratings.voter_tests import TargetTest, VoterTest, target_tests, voter_tests
from leaderboard.services import quarantine, voter_lines
from leaderboard.services.material import Ground
from leaderboard.services.voter_lines import votes_of

WINDOWS = {"target-burst": 600.0, "target-cohort": 3600.0, "target-day": 86400.0}
"""Seconds of the windows whose votes are looked at together, by kind of sign; each window overlaps the next by half."""
NETWORK, GROUP = "target-network", "target-group"
NOBODY_SURE = "group"
"""Stands for the voters of a group of whom none is surely in it."""


@dataclass(frozen=True)
class Looked:
    """Voters tested, and what was found, by voter or window; `groups` have nothing in common but their target."""

    tested: int
    voters: tuple[VoterTest, ...]
    targets: tuple[tuple[str, TargetTest], ...]
    groups: tuple[GroupTest, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """What everybody may read: no voter is named."""
        return {
            "tested": self.tested,
            "position": sum("position" in test.flags for test in self.voters),
            "uninformative": sum("uninformative" in test.flags for test in self.voters),
            "targets": len(self.targets) + len(self.groups),
        }


def look(ground: Ground) -> Looked:
    """Tests of every voter with enough votes, and of every cohort, against a fit of the votes that count."""
    votes = votes_of(ground, ground.tally.columns["votes"])
    battles = votes.battles
    if not len(battles.credit):
        return Looked(0, (), ())
    fitted = fit(battles)
    names, place = np.unique(votes.voter, return_inverse=True)
    tested = voter_tests(battles, fitted, place)
    targets = [
        ("target", dataclasses.replace(test, cohort=str(names[test.cohort])))
        for test in target_tests(battles, fitted, place)
        if test.flagged
    ]
    targets += [
        (kind, test)
        for kind, rows, cohort in _cohorts(votes)
        for test in target_tests(rows, fitted, cohort)
        if test.flagged
    ]
    found = tuple(dataclasses.replace(test, voter=str(names[test.voter])) for test in tested if test.flags)
    return Looked(len(tested), found, tuple(targets), _groups(battles, fitted, place, names))


def _groups(battles: Battles, fitted: Fit, place: NDArray[Any], names: NDArray[Any]) -> tuple[GroupTest, ...]:
    """The flagged groups, their members by name."""
    return tuple(
        dataclasses.replace(
            test,
            members=tuple(dataclasses.replace(one, voter=str(names[one.voter])) for one in test.members),
        )
        for test in group_tests(battles, fitted, place)
        if test.flagged
    )


def _cohorts(votes: Votes) -> list[tuple[str, Battles, NDArray[Any]]]:
    """Voters of one network, and of one stretch of time: riggers with few votes each are seen only together."""
    known = np.flatnonzero(votes.network != "")
    found: list[tuple[str, Battles, NDArray[Any]]] = [
        (kind, votes.battles, np.floor(votes.at / seconds - shift) + shift)
        for kind, seconds in WINDOWS.items()
        for shift in (0.0, 0.5)
    ]
    return [*found, (NETWORK, votes.battles.take(known), votes.network[known])]


def record(board: Board, ground: Ground, found: Looked) -> None:
    """Store the signs that are new, each with its first numbers, and all voters' lines; then heed the board's rules."""
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
    rows += [
        VoterFlag(board=board, voter=voter, kind=GROUP, target_id=ids[test.target], evidence=numbers)
        for test in found.groups
        for voter, numbers in _of_group(test)
    ]
    VoterFlag.objects.bulk_create(rows, ignore_conflicts=True)
    voter_lines.record(board, ground)
    quarantine.enforce(board)


def _label(kind: str, cohort: Any) -> str:
    if kind in WINDOWS:
        return f"window:{np.datetime64(int(cohort * WINDOWS[kind]), 's')}Z"
    return f"network:{cohort}" if kind == NETWORK else str(cohort)


def _of_group(test: GroupTest) -> list[tuple[str, dict[str, Any]]]:
    """Each sure member with its numbers and the group's; one line without a name where nobody is sure."""
    shared = {"evidence": test.evidence, "against": test.against, "p_holm": test.p_holm, "share": test.share}
    if not test.members:
        return [(NOBODY_SURE, {"voters": test.voters, **shared})]
    return [
        (
            str(one.voter),
            {"n": one.n, "votes_for": one.votes_for, "expected": one.expected, "chance": one.chance, **shared},
        )
        for one in test.members
    ]


def _numbers(test: VoterTest | TargetTest) -> dict[str, Any]:
    left_out = ("voter", "cohort", "target", "flags", "flagged")
    return {
        name: float(value) if isinstance(value, float | np.floating) else int(value)
        for name, value in dataclasses.asdict(test).items()
        if name not in left_out
    }
