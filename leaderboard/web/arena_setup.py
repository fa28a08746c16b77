"""Pages of an arena's operator: make one out of a board, pause it, invite voters, change the consent text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Board, Invite, User
from leaderboard.queries import arenas as read
from leaderboard.queries import boards as read_boards
from leaderboard.ratings.pairing import Sampling
from leaderboard.services import arena_changes, arenas, invites, live_rules
from leaderboard.services.access import arena_of, policy_of
from leaderboard.services.live_rules import settings_of
from leaderboard.web.accounts import take
from leaderboard.web.arena_change_form import ChangeForm
from leaderboard.web.arena_form import ArenaForm, LiveForm
from leaderboard.web.language import translated
from leaderboard.web.numbers import id_in
from leaderboard.web.vote_words import asked


class InviteForm(forms.Form):
    """A new invitation."""

    label = forms.CharField(
        label=_("For whom"), max_length=80, help_text=_("Such as “the physics class”. Only you see it.")
    )
    days = forms.IntegerField(label=_("Days until it expires"), required=False, help_text=_("Empty for no end."))
    most = forms.IntegerField(
        label=_("Most people who may use it"), required=False, help_text=_("Empty for any number.")
    )


@dataclass(frozen=True)
class Line:
    """An invitation with its link; `fault` says why it cannot be used any more."""

    invite: Invite
    link: str
    fault: str


def may_run(request: HttpRequest) -> bool:
    """Whether the user makes and runs arenas."""
    user = request.user
    return isinstance(user, User) and (user.is_staff or user.has_perm("leaderboard.run_arena"))


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Make an arena out of a board, in one form."""
    board = _board(request, slug)
    form = ArenaForm(board.parent or board, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = arenas.make(board, form.settings(), user=_user(request))
        except InvalidInput as problem:
            form.take(problem)
        else:
            messages.success(request, gettext("The arena is open."))
            return redirect("arena", made.slug)
    form.point_out()
    context = {"board": board.parent or board, "form": form}
    return render(request, "arena_new.html", context, status=422 if form.errors else 200)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def arena(request: HttpRequest, slug: str) -> HttpResponse:
    """One arena's policy, its invitations, and what an operator can do with them."""
    board = _board(request, slug)
    if not board.open_to_votes:
        raise Http404("This board takes no votes.")
    if board.live:
        return redirect("arena", arena_of(board).slug)
    action, form = request.POST.get("action", ""), InviteForm()
    if action == "live":
        return _live(request, board)
    if action == "change":
        return _change(request, board)
    if request.method == "POST" and action != "invite":
        return _act(request, board, action)
    if request.method == "POST":
        form = InviteForm(request.POST)
        if form.is_valid() and _invite(request, board, form):
            return redirect("arena", slug)
    return render(request, "arena.html", _context(request, board, form), status=422 if form.errors else 200)


def _board(request: HttpRequest, slug: str) -> Board:
    if not may_run(request):
        raise PermissionDenied("Only staff, and those with the right to run arenas, can do this.")
    return get_object_or_404(read_boards.all_boards().select_related("policy", "live_rules__board"), slug=slug)


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _invite(request: HttpRequest, board: Board, form: InviteForm) -> bool:
    try:
        invites.make(board, **form.cleaned_data, user=_user(request))
    except InvalidInput as problem:
        take(form, problem)
        return False
    messages.success(request, gettext("The invitation is made. Its link is in the list."))
    return True


def _act(request: HttpRequest, board: Board, action: str) -> HttpResponse:
    if action == "pause":
        arena_changes.change(board, {"paused": True}, user=_user(request))
        messages.success(request, gettext("Voting is paused. Votes so far are kept."))
    elif action == "resume":
        arena_changes.change(board, {"paused": False}, user=_user(request))
        messages.success(request, gettext("Voting is open again."))
    elif action == "apart":
        _apart(request, board)
    elif action == "consent":
        _consent(request, board)
    elif action == "revoke":
        invite = get_object_or_404(Invite, pk=id_in(request.POST.get("invite", "")), board=board)
        invites.revoke(invite)
        told = gettext("No one else can use the invitation for %(name)s. Who joined by it stays.")
        messages.success(request, told % {"name": invite.label})
    return redirect("arena", board.slug)


def _apart(request: HttpRequest, board: Board) -> None:
    try:
        arena_changes.change(board, {"apart": True}, user=_user(request))
    except InvalidInput as problem:
        messages.error(request, translated(problem.errors[0].message))
    else:
        messages.success(request, gettext("Named and anonymous votes are rated apart from now on, past ones too."))


def _live(request: HttpRequest, board: Board) -> HttpResponse:
    form = LiveForm(settings_of(board), request.POST)
    if not form.is_valid():
        return render(request, "arena.html", _context(request, board, InviteForm(), form), status=422)
    live_rules.change(board, form.given(), user=_user(request))
    messages.success(request, gettext("The settings of live battles are stored."))
    return redirect("arena", board.slug)


def _change(request: HttpRequest, board: Board) -> HttpResponse:
    form = ChangeForm(board, request.POST)
    if form.is_valid():
        try:
            changed = arena_changes.change(board, form.given(), user=_user(request), reason=form.cleaned_data["reason"])
        except InvalidInput as problem:
            form.take(problem)
        else:
            told = (
                gettext("The arena is changed.") if changed else gettext("Nothing was different, so nothing changed.")
            )
            messages.success(request, told)
            return redirect("arena", board.slug)
    return render(request, "arena.html", {**_context(request, board, InviteForm()), "change": form}, status=422)


def _consent(request: HttpRequest, board: Board) -> None:
    try:
        arena_changes.change(board, {"consent": request.POST.get("consent", "")}, user=_user(request))
    except InvalidInput as problem:
        messages.error(request, problem.errors[0].message)
    else:
        told = gettext("The text is stored. Every voter is asked to accept it before the next vote.")
        messages.success(request, told)


def _context(request: HttpRequest, board: Board, form: InviteForm, live: LiveForm | None = None) -> dict[str, Any]:
    now = timezone.now()
    policy = policy_of(board)
    return {
        "board": board,
        "policy": policy,
        "asked": asked(policy.asked) if policy else gettext("all prompts"),
        "drawing": _drawing(policy.sampling) if policy else [],
        "form": form,
        "live": live or LiveForm(settings_of(board)),
        "live_board": board.live_rules.board if hasattr(board, "live_rules") else None,
        "change": ChangeForm(board),
        "changes": read.changes(board),
        "most_consent": arenas.MOST_CONSENT,
        "joined": read.joined(board),
        "apart": read.apart(board),
        "invites": [
            Line(one, request.build_absolute_uri(_link(board, one)), invites.why_not(one, now))
            for one in read.invites(board)
        ],
    }


def _drawing(sampling: dict[str, Any]) -> list[tuple[str, Any]]:
    """Title and value of each setting of the drawing of pairs."""
    fields = Sampling.model_fields
    return [(translated(fields[name].title) if name in fields else name, value) for name, value in sampling.items()]


def _link(board: Board, invite: Invite) -> str:
    return reverse("join", args=[board.slug, invites.token_of(invite)])
