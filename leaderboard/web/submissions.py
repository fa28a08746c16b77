"""Pages to submit an entry and to follow it."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import User
from leaderboard.queries import served
from leaderboard.queries import submissions as read
from leaderboard.queries.owners import may_change
from leaderboard.services import submissions
from leaderboard.web.asked_for import change
from leaderboard.web.submit_form import SubmitForm


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest) -> HttpResponse:
    """Choose, see the estimate, submit. The three steps are one form, so that it works without scripts."""
    if request.method != "POST":
        given = request.GET.dict()
        return _form(request, SubmitForm(given, initial=given))
    action = request.POST.get("action", "settings")
    if action == "settings":
        typed = {name: value for name, value in request.POST.dict().items() if name not in ("key", "action")}
        return _form(request, SubmitForm(typed, initial=typed))
    form = SubmitForm(request.POST, data=request.POST)
    if not form.is_valid():
        return _form(request, form, status=422)
    return _store(request, form) if action == "submit" else _estimate(request, form)


def _form(request: HttpRequest, form: SubmitForm, status: int = 200, **more: object) -> HttpResponse:
    form.point_out()
    return render(request, "submit.html", {"form": form, **more}, status=status)


def _estimate(request: HttpRequest, form: SubmitForm) -> HttpResponse:
    try:
        board, estimate = submissions.check(form.request())
    except InvalidInput as problem:
        form.take(problem)
        return _form(request, form, status=422)
    return _form(request, form, estimate=estimate, board=board)


def _store(request: HttpRequest, form: SubmitForm) -> HttpResponse:
    key = form.cleaned_data["key"] or None
    assert isinstance(request.user, User)
    try:
        stored = submissions.submit(form.request(), user=request.user, idempotency_key=key)[0]
    except InvalidInput as problem:
        form.take(problem)
        return _form(request, form, status=422)
    except submissions.Conflict:
        form.add_error(None, _("This form was sent before with other values. Open a new form."))
        return _form(request, form, status=409)
    return redirect("submission", pk=stored.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def submission(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """How far a submission is; its owner can cancel it or retry what failed."""
    found = get_object_or_404(read.all_submissions(), pk=pk)
    if request.method == "POST":
        change(
            request,
            found,
            cancel=lambda: submissions.cancel(found),
            retry=lambda: submissions.retry(found),
            not_yours=_("Only the one who submitted this can change it."),
            ended=_("It had ended already."),
        )
        return redirect("submission", pk=found.pk)
    context = {
        "submission": found,
        "progress": read.progress(found),
        "unscored": read.unscored(found),
        "served": served.others(found) if found.ended else [],
        "mine": may_change(found, request.user),
    }
    return render(request, "submission.html", context)
