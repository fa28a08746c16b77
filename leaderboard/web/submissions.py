"""Pages to submit an entry and to follow it."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from leaderboard.models import Submission, User
from leaderboard.queries import served
from leaderboard.queries import submissions as read
from leaderboard.queries.owners import may_change
from leaderboard.services import submissions
from leaderboard.web.asked_for import change
from leaderboard.web.estimated import Steps, answer
from leaderboard.web.submit_form import SubmitForm


def _checked(form: SubmitForm) -> dict[str, object]:
    board, estimate = submissions.check(form.request())
    return {"board": board, "estimate": estimate}


def _stored(form: SubmitForm, user: User, key: str | None) -> Submission:
    return submissions.submit(form.request(), user=user, idempotency_key=key)[0]


STEPS = Steps(SubmitForm, "submit.html", "submit", "submission", _checked, _stored)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest) -> HttpResponse:
    """Choose, see the estimate, submit."""
    return answer(request, STEPS)


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
