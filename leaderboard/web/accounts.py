"""Pages to sign up and to make and revoke API tokens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import ApiToken, User, VerifiedEmail
from leaderboard.queries import sign_in
from leaderboard.queries import submissions as read_submissions
from leaderboard.services import accounts, addresses, identities
from leaderboard.web.language import translated
from leaderboard.web.numbers import id_in

BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignUpForm(forms.Form):
    """A name and a password."""

    username = forms.CharField(
        label=_("Username"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("8 characters or more."),
    )


class TokenForm(forms.Form):
    """A name for a new token, and what it may do."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("What it is for, such as “laptop”."))
    days = forms.IntegerField(
        label=_("Days"), min_value=1, max_value=365, initial=90, help_text=_("Days until it expires.")
    )
    scope = forms.TypedChoiceField(
        label=_("Good for"),
        choices=ApiToken.Scope.choices,
        initial=ApiToken.Scope.ALL,
        required=False,
        empty_value=ApiToken.Scope.ALL,
    )


def take(form: forms.Form, problem: InvalidInput) -> None:
    """Put each fault at its field, or over the form where it has none."""
    for error in problem.errors:
        name = str(error.path[0]) if error.path else ""
        form.add_error(name if name in form.fields else None, translated(error.message))


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Make an account and sign in with it."""
    form = SignUpForm(request.POST if request.method == "POST" else None)
    after = request.POST.get("next") or request.GET.get("next", "")
    if form.is_valid():
        try:
            user = accounts.sign_up(**form.cleaned_data)
        except InvalidInput as problem:
            take(form, problem)
        else:
            login(request, user, backend=BACKEND)
            return redirect(after if is_ours(request, after) else "boards")
    return render(request, "sign_up.html", {"form": form, "next": after}, status=422 if form.errors else 200)


def is_ours(request: HttpRequest, address: str) -> bool:
    """Whether an address to go on to is on this site."""
    return bool(address) and url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """A user's submissions and tokens. A new token is in the answer to its POST and nowhere else."""
    assert isinstance(request.user, User)
    if request.POST.get("action") == "revoke":
        return _revoke(request, request.user)
    form, secret = TokenForm(request.POST if request.method == "POST" else None), ""
    if form.is_valid():
        try:
            _, secret = accounts.make_token(user=request.user, **form.cleaned_data)
            form = TokenForm()
        except InvalidInput as problem:
            take(form, problem)
    context = {
        "form": form,
        "secret": secret,
        "tokens": request.user.tokens.filter(revoked_at=None).order_by("-created_at"),
        "submissions": read_submissions.of_user(request.user.pk),
        "verified": VerifiedEmail.objects.filter(user=request.user).first(),
        "can_send": addresses.can_send(),
        "no_mail": addresses.NO_MAIL,
        **ways_in(request.user),
    }
    return render(request, "account.html", context, status=422 if form.errors else 200)


def ways_in(user: User) -> dict[str, Any]:
    """What the account signs in with beside a password, by name, and what it could connect."""
    own, known = identities.of_user(user), {one.id: one for one in sign_in.providers()}
    taken = {one.provider for one in own}
    return {
        "identities": [(one, known[one.provider].name if one.provider in known else one.provider) for one in own],
        "connectable": [one for one in known.values() if one.id not in taken],
    }


def _revoke(request: HttpRequest, user: User) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=id_in(request.POST.get("token", "")), user=user)
    accounts.revoke_token(token)
    messages.success(request, gettext("The token “%(name)s” no longer works.") % {"name": token.name})
    return redirect("account")
