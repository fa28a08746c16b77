"""Pages to set up a judge: try it on a few stored pairs, read what it was shown and replied, give it to the board."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from leaderboard.contracts import registry
from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.registry import PluginError
from leaderboard.models import Board, Job, JudgeTrial, User
from leaderboard.services import trials
from leaderboard.web.heard import heard
from leaderboard.web.params_form import fields_for, values_of
from leaderboard.web.titles import title_of

USUAL = "alpacaeval"
"""The judge that a form begins with, where it is there."""
OPEN = (Job.State.READY, Job.State.RUNNING)


class TrialForm(forms.Form):
    """Which judge on which board; the other fields are the judge's settings."""

    board = forms.ChoiceField(
        label=gettext_lazy("Board"), help_text=gettext_lazy("Its stored pairs are shown to the judge.")
    )
    judge = forms.ChoiceField(label=gettext_lazy("Judge"), help_text=gettext_lazy("How a verdict is reached."))

    def __init__(self, chosen: Mapping[str, Any], data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        boards = list(Board.objects.filter(parent=None).values_list("slug", "title"))
        kinds, self.broken = _judges()
        for name, choices in (("board", boards), ("judge", kinds)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
        known = [name for name, __ in kinds]
        picked = chosen.get("judge") if chosen.get("judge") in known else USUAL if USUAL in known else known[0]
        self.initial.setdefault("judge", picked)
        self.kind = registry.judges.get(str(picked)).Params
        self.fields.update(fields_for(self.kind, "params"))

    def settings(self) -> list[forms.BoundField]:
        """The judge's own fields."""
        return [self[name] for name in self.fields if name.startswith("params-")]

    def take(self, problem: InvalidInput) -> None:
        """Put every fault on its field; one that lies deeper goes to the setting that it is in."""
        for error in problem.errors:
            name = (
                "-".join(map(str, error.path[:2])) if error.path[:1] == ("params",) else str(next(iter(error.path), ""))
            )
            inner = ".".join(map(str, error.path[2:]))
            message = heard(error.message)
            text = f"{inner}: {message}" if inner and name in self.fields else message
            self.add_error(name if name in self.fields else None, text)


@dataclass(frozen=True)
class Line:
    """One pair of a trial as the page shows it."""

    row: Mapping[str, Any]
    credit: str
    cost: str


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Choose a judge and its settings, and have it tried; for staff."""
    user = _staff(request)
    if request.method != "POST":
        given = request.GET.dict()
        return render(request, "trial_new.html", {"form": TrialForm(given, initial=given)})
    if request.POST.get("action", "settings") == "settings":
        typed = {name: value for name, value in request.POST.dict().items() if name != "action"}
        return render(request, "trial_new.html", {"form": TrialForm(typed, initial=typed)})
    form = TrialForm(request.POST, data=request.POST)
    if form.is_valid() and (made := _ask(form, user)):
        return redirect("trial", pk=made)
    return render(request, "trial_new.html", {"form": form}, status=422)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def trial(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What came of a trial, or how far it is. From here the judge can be given to the board; for staff."""
    _staff(request)
    found = JudgeTrial.objects.select_related("board__parent").filter(pk=pk).first()
    if found is not None and request.method == "POST":
        return _add(request, found)
    return _trial(request, pk, found)


def _trial(
    request: HttpRequest, pk: uuid.UUID, found: JudgeTrial | None, error: str = "", status: int = 200
) -> HttpResponse:
    job = None if found else Job.objects.filter(key=trials.key_of(pk)).first()
    if found is None and job is None:
        raise Http404
    context = {
        "trial": found,
        "lines": [_line(row) for row in found.rows] if found else [],
        "job": job,
        "waiting": job is not None and job.state in OPEN,
        "error": error,
        "name": request.POST.get("name", ""),
    }
    return render(request, "trial.html", context, status=status)


def _staff(request: HttpRequest) -> User:
    if not isinstance(request.user, User) or not request.user.is_staff:
        raise PermissionDenied(heard(trials.STAFF_ONLY))
    return request.user


def _judges() -> tuple[list[tuple[str, str]], list[str]]:
    """Name and title of each judge that can be loaded, and why each other one cannot."""
    found, broken = [], []
    for name in registry.judges.names():
        try:
            found.append((name, f"{name}: {_(registry.judges.get(name).title)}"))
        except PluginError as problem:
            broken.append(heard(str(problem)))
    return found, broken


def _ask(form: TrialForm, user: User) -> uuid.UUID | None:
    given = form.cleaned_data
    try:
        params = values_of(given, form.kind, "params")
        return trials.ask(board=given["board"], plugin=given["judge"], params=params, user=user)
    except InvalidInput as problem:
        form.take(problem)
        return None


def _add(request: HttpRequest, found: JudgeTrial) -> HttpResponse:
    name = request.POST.get("name", "").strip()
    try:
        judge, count = trials.add_to_board(board=found.board, plugin=found.plugin, params=found.params, name=name)
    except InvalidInput as problem:
        return _trial(request, found.pk, found, " ".join(heard(error.message) for error in problem.errors), 422)
    text = ngettext(
        "%(judge)s judges %(board)s now: %(count)s verdict is asked for.",
        "%(judge)s judges %(board)s now: %(count)s verdicts are asked for.",
        count,
    )
    messages.success(request, text % {"judge": judge.name, "board": title_of(found.board), "count": count})
    return redirect("board", slug=found.board.slug)


def _line(row: Mapping[str, Any]) -> Line:
    credit, cost = row["credit_a"], row["cost_usd"]
    return Line(row, "–" if credit is None else f"{credit:.3f}", _("not told") if cost is None else f"${cost:.5f}")
