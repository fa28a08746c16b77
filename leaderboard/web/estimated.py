"""One form in three steps: choose, see the estimate, start. Each answers with a page, so it works without scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import User
from leaderboard.services.submissions import Conflict
from leaderboard.web.submit_form import SubmitForm


@dataclass(frozen=True)
class Steps:
    """What differs between the forms. `start`: the action that stores, and `page`: where that leads.

    `check`: what the page shows of a valid form, the estimate among it. `store`: given the form, the user and the
    form's key, what is stored. Both raise InvalidInput; `store` also Conflict.
    """

    form: type[SubmitForm]
    template: str
    start: str
    page: str
    check: Callable[[Any], Mapping[str, object]]
    store: Callable[[Any, User, str | None], Any]


def answer(request: HttpRequest, steps: Steps) -> HttpResponse:
    """The page after any step, or a redirect to what was stored."""
    if request.method != "POST":
        given = request.GET.dict()
    elif request.POST.get("action", "settings") == "settings":
        given = {name: value for name, value in request.POST.dict().items() if name not in ("key", "action")}
    else:
        return _taken(request, steps, steps.form(request.POST, data=request.POST))
    return _shown(request, steps, steps.form(given, initial=given))


def _taken(request: HttpRequest, steps: Steps, form: SubmitForm) -> HttpResponse:
    """A filled form: estimated or stored."""
    if not form.is_valid():
        return _shown(request, steps, form, status=422)
    try:
        if request.POST["action"] != steps.start:
            return _shown(request, steps, form, steps.check(form))
        assert isinstance(request.user, User)
        stored = steps.store(form, request.user, form.cleaned_data["key"] or None)
    except InvalidInput as problem:
        form.take(problem)
        return _shown(request, steps, form, status=422)
    except Conflict:
        form.add_error(None, _("This form was sent before with other values. Open a new form."))
        return _shown(request, steps, form, status=409)
    return redirect(steps.page, pk=stored.pk)


def _shown(
    request: HttpRequest, steps: Steps, form: SubmitForm, more: Mapping[str, object] | None = None, status: int = 200
) -> HttpResponse:
    form.point_out()
    return render(request, steps.template, {"form": form, **(more or {})}, status=status)
