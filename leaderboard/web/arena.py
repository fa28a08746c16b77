"""Blind voting: the pair, the vote, the reveal, and taking a vote back. Who wrote what is told only after the vote."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Ballot, Board, Output
from leaderboard.queries import arena as read
from leaderboard.queries import compare as read_compare
from leaderboard.queries.word_diff import Passage, word_diff
from leaderboard.services import ballots, renderings
from leaderboard.services.access import arena_of
from leaderboard.services.vote_checks import bits_for
from leaderboard.web.arena_join import closed
from leaderboard.web.talks import Shown, shown, texts
from leaderboard.web.vote_limits import network_of_request, too_many
from leaderboard.web.voter_identity import session_of, voter_of

BUTTONS = (
    ("left", "A", _("A is better")),
    ("right", "B", _("B is better")),
    ("tie", "T", _("Tie")),
    ("both_bad", "X", _("Both are bad")),
    ("skip", "S", _("Skip")),
)
"""Choice, key, label."""
LABELS = {choice: label for choice, _, label in BUTTONS}
MOST_SECONDS = 86_400.0


@dataclass(frozen=True)
class Pane:
    """One answer on the screen. `passages`: its words, marked where the other has others; None where not asked for.

    `talk`: the conversation that it ends, where each side had its own.
    """

    key: str
    output: Output
    html: SafeString
    passages: list[Passage] | None = None
    talk: Sequence[Shown] = ()


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def vote(request: HttpRequest, slug: str) -> HttpResponse:
    """A pair to vote on; with `?shown=`, what was behind the pair just voted on; `?ahead=`: before it is shown."""
    board = _board(slug)
    if request.method != "POST" and (signed := request.GET.get("shown")):
        return _reveal(request, board, signed)
    if page := closed(request, board) or too_many(request, board):
        return page
    return _cast(request, board) if request.method == "POST" else _pair(request, board)


@never_cache
@require_POST
def undo(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the last vote back."""
    board = _board(slug)
    who = {"voter": voter_of(request), "session": session_of(request)}
    try:
        ballots.undo(board, request.POST.get("token", ""), **who)
    except InvalidInput as problem:
        return _refused(request, board, problem)
    told = gettext("Your vote is taken back and counts for nothing. Its pair will not come back.")
    messages.success(request, told)
    return redirect("vote", board.slug)


@never_cache
@require_GET
def stamp(request: HttpRequest, slug: str) -> HttpResponse:
    """When a pair that was fetched ahead came on the screen, by this server's clock, signed."""
    return HttpResponse(ballots.stamp(request.GET.get("token", "")), content_type="text/plain")


def _board(slug: str) -> Board:
    board = read.open_board(slug)
    if board is None:
        raise Http404("This board takes no votes.")
    return board


def _pair(request: HttpRequest, board: Board) -> HttpResponse:
    ballot = ballots.issue(board, voter=voter_of(request))
    if board.live and ballot is None:
        return _to_prompt(request, board)
    context: dict[str, Any] = {
        "board": board,
        "ballot": ballot,
        "buttons": BUTTONS,
        "votes": read.vote_count(board),
        "closest": read.closest(board),
        "ahead": "ahead" in request.GET,
        "after": request.GET.get("after", ""),
    }
    if ballot:
        pair = read.pair(ballot)
        signed = ballots.sign(ballot, session=session_of(request))
        context |= {"prompt": pair.prompt, "panes": _panes(pair), "signed": signed, "work": bits_for(board)}
    return render(request, "vote.html", context)


def _to_prompt(request: HttpRequest, board: Board) -> HttpResponse:
    """On a board of live votes the next pair is one that the voter asks for."""
    after = request.GET.get("after", "")
    query = f"?{urlencode({'after': after})}" if after else ""
    return redirect(f"{reverse('live', args=[arena_of(board).slug])}{query}")


def _panes(pair: read.Pair, *, differ: bool = False) -> list[Pane]:
    before = [text for talk in pair.talks for text in texts(talk)]
    html = renderings.html_of([pair.left.text, pair.right.text, *before])
    passages = word_diff(pair.left.text, pair.right.text) if differ else (None, None)
    talks = [shown(talk, html.__getitem__) for talk in pair.talks]
    sides = zip("AB", (pair.left, pair.right), passages, talks, strict=True)
    return [Pane(key, output, html[output.text], marked, talk) for key, output, marked, talk in sides]


def _cast(request: HttpRequest, board: Board) -> HttpResponse:
    signed, choice = request.POST.get("token", ""), request.POST.get("choice", "")
    who = {"voter": voter_of(request), "session": session_of(request)}
    try:
        vote = ballots.cast(board, signed, choice, **who, seen=_seen(request))
    except InvalidInput as problem:
        return _refused(request, board, problem)
    if choice == "skip":
        return redirect("vote", board.slug)
    # Only for pages whose script puts the reveal's address in place of this one, so that a reload sends nothing again.
    at_once = "at_once" in request.POST
    return _revealed(request, board, vote.ballot) if at_once else redirect(_address(board, shown=signed))


def _seen(request: HttpRequest) -> ballots.Seen:
    return ballots.Seen(
        shown=request.POST.get("shown", ""),
        visible=_seconds(request.POST.get("visible", "")),
        expanded="expanded" in request.POST,
        network=network_of_request(request),
        check=request.POST.get("check", ""),
    )


def _seconds(text: str) -> float | None:
    """What a browser says that it measured; None for anything that cannot be."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= MOST_SECONDS else None


def _refused(request: HttpRequest, board: Board, problem: InvalidInput) -> HttpResponse:
    for error in problem.errors:
        messages.error(request, error.message)
    return redirect("vote", board.slug)


def _address(board: Board, **query: str) -> str:
    return f"{reverse('vote', args=[board.slug])}?{urlencode(query)}"


def _reveal(request: HttpRequest, board: Board, signed: str) -> HttpResponse:
    try:
        ballot = ballots.find(board, signed, voter=voter_of(request), session=session_of(request))
    except InvalidInput:
        return redirect("vote", board.slug)
    if not hasattr(ballot, "vote"):
        return redirect("vote", board.slug)
    return _revealed(request, board, ballot, taken_back=hasattr(ballot.vote, "undo"))


def _revealed(request: HttpRequest, board: Board, ballot: Ballot, *, taken_back: bool = False) -> HttpResponse:
    signed = ballots.sign(ballot, session=session_of(request))
    pair = read.pair(ballot, names=True)
    others = read.others(board, ballot)
    context: dict[str, Any] = {
        "board": board,
        "signed": signed,
        "chosen": LABELS[read.chosen(ballot)],
        "taken_back": taken_back,
        "prompt": pair.prompt,
        "panes": _panes(pair, differ="diff" in request.GET),
        "differ": "diff" in request.GET,
        "others": [(LABELS[choice], count) for choice, count in others.items()],
        "voters": sum(others.values()),
        "verdicts": read_compare.verdicts_on(board, ballot.comparison_id, straight=not ballot.swapped),
        "next": _address(board, after=signed),
        "here": _address(board, shown=signed),
        "diff": _address(board, shown=signed, diff="1"),
    }
    return render(request, "reveal.html", context)
