"""Signing in by a one-time link."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from leaderboard.services.demo import user_of_link


@never_cache
def sign_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in once; a used or old link says so."""
    user = user_of_link(token)
    if user is None:
        messages.error(request, _("This sign-in link was used or is too old. Ask for a new one."))
        return redirect("sign-in")
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("boards")
