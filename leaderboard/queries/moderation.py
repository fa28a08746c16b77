"""Reads what a moderator sees of a board: voters with their evidence and state, checks that fail, the log."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.utils import timezone

from leaderboard.models import Board, QuarantineDecision, Vote, VoterReport, VoteSignal
from leaderboard.queries.integrity import decided_on, quarantined

SIZE = 25
SHOWN = ("all", "signs", "quarantined")
ALARM_HOURS = 24


@dataclass(frozen=True)
class VoterRow:
    """A voter with the line of the last refresh (`services.voter_lines.VoterLine`), and the decision that holds."""

    line: dict[str, Any]
    decision: QuarantineDecision | None
    held: bool


@dataclass(frozen=True)
class Page:
    """Some voters of the many that were asked for; `left_out`: voters beyond those whose lines are kept."""

    rows: list[VoterRow]
    number: int
    pages: int
    total: int
    left_out: int
    made_at: Any


@dataclass(frozen=True)
class CheckState:
    """How a check did over the last `ALARM_HOURS`, in votes."""

    kind: str
    passed: int
    failed: int
    unchecked: int


def voters(board: Board, *, shown: str = "all", number: int = 1, alpha: float) -> Page:
    """A page of voters, the surest sign first. "signs": a test below alpha, or more known pairs wrong than right."""
    report, held, latest = lines(board), quarantined(board), _latest(board)
    wanted = list(report.lines)
    known = {line["voter"] for line in wanted}
    wanted += [{**(latest[name].evidence if name in latest else {}), "voter": name} for name in sorted(held - known)]
    if shown == "quarantined":
        wanted = [line for line in wanted if line["voter"] in held]
    elif shown == "signs":
        wanted = [line for line in wanted if has_sign(line, alpha)]
    pages = max(1, -(-len(wanted) // SIZE))
    number = min(max(1, number), pages)
    part = wanted[(number - 1) * SIZE : number * SIZE]
    rows = [VoterRow(line, latest.get(line["voter"]), line["voter"] in held) for line in part]
    return Page(rows, number, pages, len(wanted), report.left_out, report.made_at)


def lines(board: Board) -> VoterReport:
    """What the last refresh worked out of the voters; an empty report, not stored, before the first."""
    return VoterReport.objects.filter(board=board).first() or VoterReport(board=board)


def has_sign(line: dict[str, Any], alpha: float) -> bool:
    """Whether a voter's line has something that a moderator should look at."""
    p = [line.get(name) for name in ("position_p", "information_p", "target_p")]
    wrong = line.get("attention_n", 0) >= 3 and 2 * line.get("attention", 0) < line.get("attention_n", 0)
    return wrong or any(value is not None and value < alpha for value in p)


def _latest(board: Board) -> dict[str, QuarantineDecision]:
    """The decision on each voter that came last, on this board or on all."""
    rows = QuarantineDecision.objects.filter(decided_on(board)).select_related("user").order_by("pk")
    return {row.voter: row for row in rows}


def check_states(board: Board) -> list[CheckState]:
    """Each check of the last day on this board, with the votes in each state."""
    since = timezone.now() - timedelta(hours=ALARM_HOURS)
    rows = VoteSignal.objects.filter(vote__board=board, created_at__gte=since).exclude(check_kind="")
    counts: dict[str, Counter[str]] = {}
    for kind, state, n in rows.values_list("check_kind", "check_state").annotate(n=Count("pk")).order_by("check_kind"):
        counts.setdefault(kind, Counter())[state] = n
    return [CheckState(kind, *(found[state] for state in VoteSignal.Check.values)) for kind, found in counts.items()]


def voters_of_network(board: Board, network: str) -> list[str]:
    """Those who voted on this board from a network, by name."""
    found = Vote.objects.filter(board=board, signal__network=network).exclude(signal__network="")
    return sorted(set(found.values_list("voter", flat=True)))
