"""Live battles: a voter writes a prompt, sees two entries answer it in step, and votes on the voting page."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Board, LiveBattle
from leaderboard.queries import arena as read
from leaderboard.queries import live as read_live
from leaderboard.services import limits, live, live_erasure
from leaderboard.services.live_rules import settings_of
from leaderboard.web.arena_join import closed
from leaderboard.web.vote_limits import duration, whose_request
from leaderboard.web.voter_identity import known_voter_of, voter_of

State, Why = LiveBattle.State, LiveBattle.Why
POLL_SECONDS = 1
PLAIN_SECONDS = 3
"""Until the page asks again, with scripts and without."""
BROKEN = {
    Why.LATE: gettext_lazy("The answers were not complete in time. Perhaps no worker is free now."),
    Why.FAILED: gettext_lazy("One of the two could not answer."),
    Why.LEAK: gettext_lazy("One of the answers said who wrote it, so a vote on them would not be blind."),
    Why.LEFT: gettext_lazy("This page was left before the answers were complete, so they were given up."),
    Why.BUDGET: live.TOO_DEAR,
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """The form for a prompt. Whose battle is not over is led to it first."""
    arena = _arena(slug)
    if page := closed(request, arena):
        return page
    if open_one := read_live.open_battle(arena, voter=voter_of(request)):
        return redirect("live-battle", slug, open_one.pk)
    return _ask(request, arena) if request.method == "POST" else _form(request, arena)


@never_cache
@require_safe
def battle(request: HttpRequest, slug: str, pk: uuid.UUID) -> HttpResponse:
    """The two answers while they are written; then on to the voting page, or why there is nothing to vote on."""
    arena = _arena(slug)
    found = _own(request, arena, pk)
    live.note_seen(found)
    found = live.settle(found)
    if found.state == State.READY:
        return _go(request, arena.live_rules.board)
    context: dict[str, Any] = {"board": arena, "battle": found, "prompt": found.prompt, "poll": POLL_SECONDS}
    if found.state == State.WORKING:
        context |= {"panes": list(zip("AB", live.shown(found), strict=True)), "plain": PLAIN_SECONDS}
    else:
        context |= {"why": BROKEN[Why(found.why)], "again": _fields(arena, {"prompt": found.prompt.text})}
    return render(request, "live_battle.html", context)


@never_cache
@require_POST
def erase(request: HttpRequest, slug: str, pk: uuid.UUID) -> HttpResponse:
    """Erase the prompt and its answers, for its author."""
    arena = _arena(slug)
    try:
        live_erasure.erase(_own(request, arena, pk))
    except InvalidInput as problem:
        messages.error(request, problem.errors[0].message)
    else:
        messages.success(request, _("The prompt and both answers are erased. Your vote stays."))
    return redirect("my-votes")


def _arena(slug: str) -> Board:
    """The arena that has live battles, also where no new ones are allowed now."""
    arena = read.open_boards().select_related("live_rules__board").filter(slug=slug, live=False).first()
    if arena is None or not hasattr(arena, "live_rules"):
        raise Http404("This board takes no live battles.")
    return arena


def _own(request: HttpRequest, arena: Board, pk: uuid.UUID) -> LiveBattle:
    mine = LiveBattle.objects.filter(arena=arena, voter=known_voter_of(request) or "-", erased_at=None)
    return get_object_or_404(mine.select_related("prompt", "arena"), pk=pk)


def _go(request: HttpRequest, board: Board) -> HttpResponse:
    """To the voting page, which shows the pair; a page that asked by script goes there as a whole."""
    to = redirect("vote", board.slug)
    if not request.headers.get("HX-Request"):
        return to
    return HttpResponse(headers={"HX-Redirect": to["Location"]})


def _ask(request: HttpRequest, arena: Board) -> HttpResponse:
    prompt, accepted = request.POST.get("prompt", ""), "accepted" in request.POST
    given = {"prompt": prompt, "accepted": accepted}
    try:
        made = live.ask(arena, prompt, voter=voter_of(request), whose=whose_request(request), accepted=accepted)
    except limits.TooMany as problem:
        told = _("%(limit)s You can ask again in %(wait)s.") % {"limit": problem, "wait": duration(problem.wait)}
        page = _form(request, arena, {**given, "faults": {"": told}}, status=429)
        page["Retry-After"] = str(problem.wait)
        return page
    except InvalidInput as problem:
        faults = {"".join(map(str, error.path)): error.message for error in problem.errors}
        return _form(request, arena, {**given, "faults": faults}, status=422)
    return redirect("live-battle", arena.slug, made.pk)


def _form(
    request: HttpRequest, arena: Board, given: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    if not settings_of(arena).on:
        raise Http404("This arena takes no live battles now.")
    context = {"board": arena, "own": arena.live_rules.board, "after": request.GET.get("after", "")}
    return render(request, "live.html", {**context, "again": _fields(arena, given or {})}, status=status)


def _fields(arena: Board, given: dict[str, Any]) -> dict[str, Any]:
    """What the form shows. `faults`: by the field's name, "" for the whole form."""
    rules = settings_of(arena)
    faults = given.get("faults", {})
    return {
        "on": rules.on,
        "prompt": given.get("prompt", ""),
        "accepted": given.get("accepted", False),
        "most": rules.characters,
        "notice": live.NOTICE,
        "fault": faults.get(""),
        "prompt_fault": faults.get("prompt"),
        "accepted_fault": faults.get("accepted"),
    }
