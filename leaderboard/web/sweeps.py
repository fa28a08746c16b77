"""Pages to declare a sweep, to follow it, and to list those of a board."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import User
from leaderboard.queries import boards as read_boards
from leaderboard.queries import sweeps as read
from leaderboard.queries.owners import may_change
from leaderboard.services import sweeps as service
from leaderboard.services.submissions import Conflict
from leaderboard.web.asked_for import change
from leaderboard.web.sweep_form import SweepForm
from leaderboard.web.sweep_table import lines


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Declare the arms, see the estimate, start. One form, so that it works without scripts."""
    if request.method != "POST":
        given = request.GET.dict()
        return _form(request, SweepForm(given, initial=given))
    if request.POST.get("action") == "settings":
        typed = {name: value for name, value in request.POST.dict().items() if name not in ("key", "action")}
        return _form(request, SweepForm(typed, initial=typed))
    form = SweepForm(request.POST, data=request.POST)
    if not form.is_valid():
        return _form(request, form, status=422)
    return _store(request, form) if request.POST.get("action") == "start" else _estimate(request, form)


def _form(request: HttpRequest, form: SweepForm, status: int = 200, **more: object) -> HttpResponse:
    form.point_out()
    return render(request, "sweep_new.html", {"form": form, **more}, status=status)


def _estimate(request: HttpRequest, form: SweepForm) -> HttpResponse:
    try:
        plan, estimate = service.check(form.sweep())
    except InvalidInput as problem:
        form.take(problem)
        return _form(request, form, status=422)
    return _form(request, form, estimate=estimate, plan=plan)


def _store(request: HttpRequest, form: SweepForm) -> HttpResponse:
    assert isinstance(request.user, User)
    try:
        key = form.cleaned_data["key"] or None
        stored = service.submit(form.sweep(), user=request.user, idempotency_key=key)[0]
    except InvalidInput as problem:
        form.take(problem)
        return _form(request, form, status=422)
    except Conflict:
        form.add_error(None, _("This form was sent before with other values. Open a new form."))
        return _form(request, form, status=409)
    return redirect("sweep", pk=stored.pk)


@require_safe
def sweeps(request: HttpRequest, slug: str) -> HttpResponse:
    """The latest sweeps of a board."""
    board = get_object_or_404(read_boards.all_boards(), slug=slug)
    return render(request, "sweeps.html", {"board": board, "sweeps": list(read.of_board(board))})


@require_http_methods(["GET", "HEAD", "POST"])
def sweep(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Every arm as declared, and what it reached; its owner can cancel it or retry what failed."""
    found = get_object_or_404(read.all_sweeps(), pk=pk)
    if request.method == "POST":
        change(
            request,
            found,
            cancel=lambda: service.cancel(found),
            retry=lambda: service.retry_failed(found),
            not_yours=_("Only the one who declared this sweep can change it."),
            ended=_("Every arm had ended already."),
        )
        return redirect("sweep", pk=found.pk)
    view = read.view(found)
    context = {"sweep": found, "view": view, "lines": lines(view), "mine": may_change(found, request.user)}
    return render(request, "sweep.html", context)
