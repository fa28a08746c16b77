"""Pages to declare a sweep, to follow it, and to list those of a board."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from leaderboard.models import Sweep, User
from leaderboard.queries import boards as read_boards
from leaderboard.queries import sweeps as read
from leaderboard.queries.owners import may_change
from leaderboard.services import sweeps as service
from leaderboard.web.asked_for import change
from leaderboard.web.estimated import Steps, answer
from leaderboard.web.sweep_form import SweepForm
from leaderboard.web.sweep_table import lines


def _checked(form: SweepForm) -> dict[str, object]:
    plan, estimate = service.check(form.sweep())
    return {"plan": plan, "estimate": estimate}


def _stored(form: SweepForm, user: User, key: str | None) -> Sweep:
    return service.submit(form.sweep(), user=user, idempotency_key=key)[0]


STEPS = Steps(SweepForm, "sweep_new.html", "start", "sweep", _checked, _stored)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Declare the arms, see the estimate, start."""
    return answer(request, STEPS)


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
