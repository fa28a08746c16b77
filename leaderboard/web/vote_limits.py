"""How often one visitor may vote: the page that says to wait, and which network a request comes from."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext

from leaderboard.models import Board
from leaderboard.services import limits
from leaderboard.web.voter_identity import session_of, user_of, voter_of


def network_of_request(request: HttpRequest) -> str:
    """The keyed hash of the visitor's network. Behind the operator's proxy, the address is the last that it added."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    if settings.BEHIND_PROXY:
        told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2]
        address = told.strip() or address
    return limits.network_of(address)


def too_many(request: HttpRequest, board: Board) -> HttpResponse | None:
    """A page with status 429 and Retry-After where this vote is one too many; counts the try otherwise."""
    if request.method != "POST":
        return None
    try:
        limits.count_vote(board, whose_request(request))
    except limits.TooMany as problem:
        context = {"board": board, "problem": problem, "wait": duration(problem.wait)}
        page = render(request, "too_many.html", context, status=429)
        page["Retry-After"] = str(problem.wait)
        return page
    return None


def whose_request(request: HttpRequest) -> dict[str, str]:
    """For whom a request is counted, as the limits name them."""
    return {
        "account": voter_of(request) if user_of(request) else "",
        "session": session_of(request),
        "network": network_of_request(request),
    }


def duration(seconds: int) -> str:
    """In words, rounded up."""
    if seconds < 120:
        return ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds}
    if seconds < 7200:
        minutes = -(-seconds // 60)
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    hours = -(-seconds // 3600)
    return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
