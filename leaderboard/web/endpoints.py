"""The page of endpoints: what checks found, and for staff a form to have one checked."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from leaderboard.contracts import registry
from leaderboard.contracts.params import InvalidInput
from leaderboard.models import EndpointCheck, Job, User
from leaderboard.queries import endpoints as read
from leaderboard.services import endpoints
from leaderboard.services.submissions import Conflict
from leaderboard.web.accounts import take
from leaderboard.web.heard import heard
from leaderboard.web.params_form import fields_for

SIGNS = {
    "acts": gettext_lazy("acts"),
    "ignored": gettext_lazy("ignored"),
    "refused": gettext_lazy("refused"),
    "unknown": gettext_lazy("not known"),
}


class CheckForm(forms.Form):
    """Which model at which endpoint; the fields are those of the generator."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        kind = registry.generators.get(endpoints.GENERATOR)
        made = fields_for(kind.Params, "")
        self.fields.update({name: made[f"-{name}"] for name in endpoints.FIELDS})


@dataclass(frozen=True)
class Line:
    """One finding as the table shows it."""

    setting: str
    state: str
    sign: str
    evidence: str


@dataclass(frozen=True)
class Section:
    """One checked model at one endpoint."""

    check: EndpointCheck
    lines: list[Line]


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Each endpoint's newest check. Staff can ask for one, which a worker makes, and see how those asked for went."""
    staff = isinstance(request.user, User) and request.user.is_staff
    if request.method != "POST":
        return _page(request, CheckForm() if staff else None)
    if not isinstance(request.user, User) or not staff:
        raise PermissionDenied(_("Only staff may have an endpoint checked."))
    form = CheckForm(request.POST)
    if form.is_valid() and _ask(form, request.user):
        messages.success(request, _("A worker will check it. Come back in a minute."))
        return redirect("endpoints")
    return _page(request, form, status=422)


def _ask(form: CheckForm, user: User) -> bool:
    try:
        endpoints.ask(params=form.cleaned_data, user=user)
    except InvalidInput as problem:
        take(form, problem)
    except Conflict as problem:
        form.add_error(None, heard(str(problem)))
    return form.is_valid()


def _page(request: HttpRequest, form: CheckForm | None, status: int = 200) -> HttpResponse:
    checks = read.shown_checks()
    asked = _open(read.asked_checks(), checks) if form is not None else []
    context = {"form": form, "sections": [_section(check) for check in checks], "asked": asked}
    return render(request, "endpoints.html", context, status=status)


def _open(asked: list[Job], checks: list[EndpointCheck]) -> list[Job]:
    """The requests without those that failed before a later check went well."""
    done = {(check.endpoint, check.model): check.created_at for check in checks}

    def told(job: Job) -> bool:
        later = done.get((job.payload.get("endpoint", ""), job.payload.get("model", "")))
        return job.state != Job.State.FAILED or later is None or later < job.created_at

    return list(filter(told, asked))


def _section(check: EndpointCheck) -> Section:
    return Section(
        check, [Line(one["setting"], one["state"], str(SIGNS[one["state"]]), one["evidence"]) for one in check.findings]
    )
