"""Blind voting. Which entries are behind a pair is told only after the vote."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Ballot, Board, User
from leaderboard.queries import arena as read
from leaderboard.queries import boards as read_boards
from leaderboard.queries import compare as read_compare
from leaderboard.queries.render import render as as_html
from leaderboard.services import arena

BUTTONS = (
    ("left", "A", "A is better"),
    ("right", "B", "B is better"),
    ("tie", "T", "Tie"),
    ("both_bad", "X", "Both are bad"),
    ("skip", "S", "Skip"),
)
"""Choice, key, label."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def vote(request: HttpRequest, slug: str) -> HttpResponse:
    """A pair to vote on; with `?shown=`, what was behind the pair just voted on."""
    board = get_object_or_404(read_boards.all_boards(), slug=slug)
    if not board.open_to_votes:
        raise Http404("This board takes no votes.")
    voter = _voter(request)
    if request.method == "POST":
        return _cast(request, board, voter)
    if token := request.GET.get("shown"):
        return _reveal(request, board, token, voter)
    return _pair(request, board, voter)


def _voter(request: HttpRequest) -> str:
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    if "voter" not in request.session:
        request.session["voter"] = secrets.token_hex(16)
    return f"anonymous:{request.session['voter']}"


def _pair(request: HttpRequest, board: Board, voter: str) -> HttpResponse:
    """The open ballot of this session comes back on a reload, so that pairs cannot be picked over."""
    slot = f"ballot:{board.pk}"
    token = request.session.get(slot)
    ballot = read.open_ballot(board, token=token, voter=voter) if token else None
    if ballot is None:
        ballot = arena.draw(board, voter=voter)
        request.session[slot] = ballot.token if ballot else ""
    context = {"board": board, "ballot": ballot, "buttons": BUTTONS, "votes": read.vote_count(board)}
    return render(request, "vote.html", context | (_panes(ballot) if ballot else {}))


def _panes(ballot: Ballot) -> dict[str, Any]:
    left, right = read.sides(ballot)
    return {
        "prompt": ballot.comparison.prompt,
        "panes": [("A", "left", left, as_html(left.text)), ("B", "right", right, as_html(right.text))],
    }


def _cast(request: HttpRequest, board: Board, voter: str) -> HttpResponse:
    token, choice = request.POST.get("token", ""), request.POST.get("choice", "")
    ballot = read.open_ballot(board, token=token, voter=voter)
    seconds = (timezone.now() - ballot.created_at).total_seconds() if ballot else None
    user = request.user if isinstance(request.user, User) else None
    here = reverse("vote", args=[board.slug])
    try:
        arena.cast(token=token, voter=voter, user=user, choice=choice, seconds_shown=seconds)
    except InvalidInput as problem:
        for error in problem.errors:
            messages.error(request, error.message)
        return redirect(here)
    return redirect(here if choice == "skip" else f"{here}?shown={token}")


def _reveal(request: HttpRequest, board: Board, token: str, voter: str) -> HttpResponse:
    ballot = read.used_ballot(board, token=token, voter=voter)
    if ballot is None:
        return redirect("vote", board.slug)
    verdicts = read_compare.verdicts_on(board, ballot.comparison, straight=not ballot.swapped)
    chosen = read.chosen(ballot)
    label = next((text for name, _, text in BUTTONS if name == chosen), chosen)
    context = {"board": board, "chosen": label, "verdicts": verdicts, **_panes(ballot)}
    return render(request, "reveal.html", context)
