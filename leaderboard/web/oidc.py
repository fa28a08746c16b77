"""Signing in with an OpenID Connect provider: the button, the way back, and connecting it to an account."""

from __future__ import annotations

import logging

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import User
from leaderboard.queries import sign_in as read
from leaderboard.services import identities
from leaderboard.web import oidc_flow
from leaderboard.web.accounts import BACKEND, is_ours
from leaderboard.web.numbers import id_in
from leaderboard.web.oidc_flow import Came, Outage, Refused
from leaderboard.web.voter_identity import user_of

log = logging.getLogger(__name__)
SENTENCES = {
    "state": gettext_lazy("This sign-in was not started in this browser, was used already, or took too long."),
    "cancelled": gettext_lazy("You broke off the sign-in, or were not let in there."),
    "error": gettext_lazy("The provider could not sign you in."),
    "answer": gettext_lazy("The provider's answer was not whole."),
    "code": gettext_lazy("The provider took its answer back, as it does when a page is loaded twice."),
    "token": gettext_lazy("What the provider said of you could not be proved, so it was not believed."),
    "account": gettext_lazy("This sign-in was started by another account."),
}


@never_cache
@require_POST
def go(request: HttpRequest, provider: str) -> HttpResponse:
    """Send the browser to the provider; `connect` adds it to the account that is signed in.

    By a page that leads on, not by a redirect: the policy on where forms may go holds for redirects as well.
    """
    found, after, user = _provider(provider), request.POST.get("next", ""), user_of(request)
    connect = user.pk if user and "connect" in request.POST else None
    try:
        address = oidc_flow.way_out(request, found, after=after if is_ours(request, after) else "", connect=connect)
    except Outage as problem:
        return _down(request, found, problem)
    answer = render(request, "oidc_go.html", {"provider": found, "address": address})
    answer["Refresh"] = f"0; url={address}"
    return answer


@never_cache
@require_safe
def back(request: HttpRequest, provider: str) -> HttpResponse:
    """Take somebody who comes back from the provider."""
    found = _provider(provider)
    try:
        came = oidc_flow.come_back(request, found)
        return _take(request, came, identities.identity(found.id, came.claims))
    except Outage as problem:
        return _down(request, found, problem)
    except Refused as problem:
        log.warning("A sign-in by %s was refused (%s): %s", found.id, problem.reason, problem)
        return _refusal(request, found, str(SENTENCES[problem.reason]))
    except InvalidInput as problem:
        return _refusal(request, found, problem.errors[0].message)


def _take(request: HttpRequest, came: Came, who: identities.Identity) -> HttpResponse:
    if came.connect is not None:
        user = user_of(request)
        if user is None or user.pk != came.connect:
            raise Refused("account")
        identities.connect(user, who)
        messages.success(request, _("Connected. You can sign in with it from now on."))
        return redirect(came.after or "account")
    login(request, identities.sign_in(who), backend=BACKEND)
    return redirect(came.after or "boards")


@never_cache
@require_POST
@login_required
def disconnect(request: HttpRequest) -> HttpResponse:
    """Take an identity off the account."""
    assert isinstance(request.user, User)
    try:
        done = identities.disconnect(request.user, id_in(request.POST.get("identity", "")))
    except InvalidInput as problem:
        messages.error(request, problem.errors[0].message)
    else:
        messages.success(request, _("Taken off.") if done else _("It was not connected."))
    return redirect("account")


def _provider(key: str) -> read.Provider:
    found = read.provider(key)
    if found is None:
        raise Http404(_("No such provider is set up here."))
    return found


def _down(request: HttpRequest, provider: read.Provider, problem: Outage) -> HttpResponse:
    """An outage is ours or the provider's, never the visitor's: it is logged as an error, for alarms to see."""
    log.error("Sign-in by %s (%s) does not work: %s", provider.id, provider.issuer, problem)
    return render(request, "oidc_fault.html", {"provider": provider, "down": True}, status=503)


def _refusal(request: HttpRequest, provider: read.Provider, sentence: str) -> HttpResponse:
    return render(request, "oidc_fault.html", {"provider": provider, "sentence": sentence}, status=403)
