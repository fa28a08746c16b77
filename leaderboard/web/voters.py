"""The page of what the voter tests found, for those with the right."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from leaderboard.models import VoterFlag
from leaderboard.queries import boards as read_boards
from leaderboard.queries import voters as read
from leaderboard.services.voters import NOBODY_SURE

SENTENCES = {
    "position": _("Votes for one side of the page more often than the answers on it earn."),
    "uninformative": _("Votes do not follow which answer is better."),
    "target": _("Votes for one entry more often than it earns."),
    "target-burst": _("Votes of these ten minutes favour one entry more than it earns."),
    "target-cohort": _("Votes of this hour favour one entry more than it earns."),
    "target-day": _("Votes of this day favour one entry more than it earns."),
    "target-network": _("Votes from this network favour one entry more than it earns."),
    "target-group": _("Some voters, of few votes each, vote for one entry whatever it answers; this is surely one."),
    "target-group-only": _(
        "Some voters, of few votes each, vote for one entry whatever it answers; none is surely one."
    ),
}


@dataclass(frozen=True)
class Line:
    """One sign with its sentence and numbers as text."""

    flag: VoterFlag
    sentence: str
    numbers: list[tuple[str, str]]


@require_safe
@login_required
@permission_required("leaderboard.view_voters", raise_exception=True)
def voters(request: HttpRequest, slug: str) -> HttpResponse:
    """Signs that votes do not follow the answers, on one board."""
    board = get_object_or_404(read_boards.all_boards(), slug=slug)
    lines = [_line(flag) for flag in read.voter_flags(board)]
    counts = board.current.details.get("voters", {}) if board.current else {}
    return render(request, "voters.html", {"board": board, "lines": lines, "counts": counts})


def _line(flag: VoterFlag) -> Line:
    numbers = [
        (gettext(name.replace("_", " ")), str(value) if isinstance(value, int) else f"{value:.3g}")
        for name, value in flag.evidence.items()
    ]
    kind = f"{flag.kind}-only" if flag.voter == NOBODY_SURE else flag.kind
    return Line(flag, str(SENTENCES[kind]), numbers)
