"""Keeps for moderators what a refresh works out of each voter: numbers of the votes, and signals stored with them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, TypedDict

import numpy as np
from django.db.models import Count

from leaderboard.contracts.values import Outcome
from leaderboard.models import AttentionCheck, Board, Vote, VoterReport, VoteSignal
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.strengths import fit
from leaderboard.ratings.voter_evidence import Evidence, Votes, evidence
from leaderboard.services.details import plain
from leaderboard.services.material import Ground
from leaderboard.services.streams import Columns

MOST_LINES = 500
CHUNK = 500
"""Votes looked up at a time; SQLite takes no more than some thousand values in a query."""


class VoterLine(TypedDict):
    """One voter in `VoterReport.lines`; a None means that there is no such number.

    For the numbers see `ratings.voter_evidence.Evidence`. `attention`: right answers to known pairs of
    `attention_n`. `checks`: votes by the state of their check. `gave_away`: votes on answers that name their maker.
    """

    voter: str
    n: int
    left_share: float
    position_z: float | None
    position_p: float | None
    information_z: float | None
    information_p: float | None
    seconds: float | None
    quick: float | None
    agreement: float | None
    shared: int
    target: str
    target_for: float | None
    target_expected: float | None
    target_p: float | None
    network: str
    network_voters: int
    attention: int
    attention_n: int
    checks: dict[str, int]
    gave_away: int


def record(board: Board, ground: Ground) -> None:
    """Work out the lines anew: of all votes not taken back, those in quarantine too, against a fit of what counts."""
    heard = votes_of(ground, ground.tally.heard)
    fitted = fit(votes_of(ground, ground.tally.columns["votes"]).battles)
    found = evidence(heard, fitted) if len(heard.voter) else ()
    signals = _Signals(board)
    lines = [plain(_line(one, signals)) for one in found[:MOST_LINES]]
    left_out = max(0, len(found) - MOST_LINES)
    VoterReport.objects.update_or_create(board=board, defaults={"lines": lines, "left_out": left_out})


def votes_of(ground: Ground, rows: Columns) -> Votes:
    """Votes on the ground with a side left and right; skipped ones are never among the rows."""
    a, b = ground.entry_places(rows["entry_a"]), ground.entry_places(rows["entry_b"])
    kept = (ground.prompt_places(rows["prompt"]) >= 0) & ~np.isnan(rows["credit"]) & (a >= 0) & (b >= 0)
    left, credit = rows["left"][kept], rows["credit"][kept]
    battles = Battles(
        tuple(entry.slug for entry in ground.entries),
        np.where(left, a[kept], b[kept]),
        np.where(left, b[kept], a[kept]),
        np.where(left, credit, 1 - credit),
        None,
    )
    names = ("voter", "network", "comparison", "seconds", "at")
    return Votes(battles, **{name: rows[name][kept] for name in names})


class _Signals:
    """What is stored beside the votes cast on a board, by voter."""

    def __init__(self, board: Board) -> None:
        self.right: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        checks = AttentionCheck.objects.filter(ballot__board=board, ballot__vote__isnull=False, ballot__vote__undo=None)
        for voter, due, given in checks.values_list("ballot__voter", "expected", "ballot__vote__outcome"):
            if given != Outcome.SKIP:
                self.asked[voter] += 1
                self.right[voter] += given == due
        self.states: dict[str, dict[str, int]] = defaultdict(dict)
        signals = VoteSignal.objects.filter(vote__board=board)
        checked = signals.exclude(check_kind="").values_list("vote__voter", "check_state")
        for voter, state, count in checked.annotate(n=Count("pk")).order_by():
            self.states[voter][state] = count
        self.leaked = _leaked(board)


def _leaked(board: Board) -> Counter[str]:
    """How many votes of each voter were on answers that name their maker.

    Signals are read first and their votes by key: PostgreSQL without statistics guesses that every signal has leaks,
    and joins the two tables row by row.
    """
    found: Counter[str] = Counter()
    marked = list(VoteSignal.objects.exclude(leaks=[]).values_list("vote_id", flat=True))
    for start in range(0, len(marked), CHUNK):
        votes = Vote.objects.filter(pk__in=marked[start : start + CHUNK], board=board)
        found.update(votes.values_list("voter", flat=True))
    return found


def _line(one: Evidence, signals: _Signals) -> VoterLine:
    test, target = one.test, one.target
    return VoterLine(
        voter=one.voter,
        n=one.n,
        left_share=one.left_share,
        position_z=test.position_z if test else None,
        position_p=test.position_p if test else None,
        information_z=test.information_z if test else None,
        information_p=test.information_p if test else None,
        seconds=one.seconds,
        quick=one.quick,
        agreement=one.agreement,
        shared=one.shared,
        target=target.target if target else "",
        target_for=target.votes_for if target else None,
        target_expected=target.expected if target else None,
        target_p=target.p_value if target else None,
        network=one.network,
        network_voters=one.network_voters,
        attention=signals.right[one.voter],
        attention_n=signals.asked[one.voter],
        checks=signals.states.get(one.voter, {}),
        gave_away=signals.leaked.get(one.voter, 0),
    )


def line_of(board: Board, voter: str) -> dict[str, Any]:
    """The voter's line as last worked out; empty where there is none."""
    report = VoterReport.objects.filter(board=board).first()
    found: dict[str, Any] = next((line for line in report.lines if line["voter"] == voter), {}) if report else {}
    return found
