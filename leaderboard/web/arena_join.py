"""What stands between a person and voting on a board: sign-in, address, invitation, consent; and joining."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Board, User
from leaderboard.queries import arena as read
from leaderboard.queries import sign_in
from leaderboard.services import access, addresses, invites
from leaderboard.services.access import Gate
from leaderboard.web.voter_identity import user_of, voter_of


def closed(request: HttpRequest, board: Board) -> HttpResponse | None:
    """A page that says what stands in the way of voting here; None where nothing does."""
    board = access.arena_of(board)
    gate = access.gate(board, voter=voter_of(request), user=user_of(request))
    return None if gate == Gate.OPEN else _page(request, board, gate, status=403 if request.method == "POST" else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, slug: str, token: str = "") -> HttpResponse:
    """The page of an invitation, or of the consent text. Only its button uses the invitation up, not looking at it."""
    board = _board(slug)
    gate = access.gate(board, voter=voter_of(request), user=user_of(request))
    if gate == Gate.OPEN:
        return redirect("vote", slug)
    if request.method != "POST":
        return _page(request, board, gate, token=token, fault=_fault(board, gate, token))
    try:
        accepted = request.POST.get("accepted", "")
        access.join(board, voter=voter_of(request), user=user_of(request), token=token, accepted=accepted)
    except InvalidInput as problem:
        return _page(request, board, gate, token=token, fault=problem.errors[0].message, status=422)
    return redirect("vote", slug)


def _board(slug: str) -> Board:
    board = read.open_boards().filter(slug=slug).first()
    if board is None:
        raise Http404("This board takes no votes.")
    return board


def _fault(board: Board, gate: Gate, token: str) -> str:
    """Why an invitation cannot be used; "" where there is none to use, or it is good."""
    if gate != Gate.INVITE or not token:
        return ""
    try:
        invites.find(board, token)
    except InvalidInput as problem:
        return problem.errors[0].message
    return ""


def _page(
    request: HttpRequest, board: Board, gate: Gate, *, token: str = "", fault: str = "", status: int = 200
) -> HttpResponse:
    policy = access.policy_of(board)
    consent = policy.consent if policy else ""
    here = reverse("join", args=[board.slug, token] if token else [board.slug])
    invited = gate == Gate.INVITE and bool(token) and not _fault(board, gate, token)
    context = {
        "board": board,
        "gate": str(gate),
        "sentence": _("You are invited to vote on this board.") if invited else access.SENTENCES[gate],
        "can_join": gate == Gate.CONSENT or invited,
        "consent": consent,
        "digest": access.consent_digest(board, consent),
        "domains": policy.domains if policy else [],
        "providers": [one for one in sign_in.providers() if policy and one.id in policy.providers],
        "can_send": addresses.can_send(),
        "no_mail": addresses.NO_MAIL,
        "fault": fault,
        "here": here,
    }
    return render(request, "join.html", context, status=status)


@never_cache
@require_POST
@login_required
def send_address(request: HttpRequest) -> HttpResponse:
    """Send a link to the address that a user says is theirs."""
    assert isinstance(request.user, User)

    def link(text: str) -> str:
        return request.build_absolute_uri(reverse("confirm-address", args=[text]))

    try:
        addresses.send_link(request.user, request.POST.get("address", ""), link)
    except InvalidInput as problem:
        messages.error(request, problem.errors[0].message)
    else:
        messages.success(request, _("A link is on its way to that address. It is good for a day."))
    return redirect("account")


@never_cache
@require_safe
@login_required
def confirm_address(request: HttpRequest, token: str) -> HttpResponse:
    """Take the address behind a link that was sent."""
    assert isinstance(request.user, User)
    try:
        row = addresses.confirm_link(request.user, token)
    except InvalidInput as problem:
        messages.error(request, problem.errors[0].message)
    else:
        messages.success(request, _("%(address)s is confirmed as yours.") % {"address": row.address})
    return redirect("account")
