"""The moderator's pages of a board: voters with their evidence, decisions with a reason, rules, and the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from leaderboard.benchmarks.exchange.writing import csv_rows
from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Board, KnownPair, VotingRules
from leaderboard.queries import audit_log as read_log
from leaderboard.queries import boards as read_boards
from leaderboard.queries import moderation as read
from leaderboard.queries.integrity import quarantined, rules_of
from leaderboard.services import moderation
from leaderboard.services.quarantine import RIGHT
from leaderboard.web.accounts import take
from leaderboard.web.numbers import id_in

SHOWN_LOG = 20


class Names(forms.CharField):
    """Names, one on each line, as a list."""

    widget = forms.Textarea(attrs={"rows": 3})

    def to_python(self, value: Any) -> Any:
        """The lines that say something."""
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        """A stored list as lines."""
        return "\n".join(value) if isinstance(value, list) else value


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]
    """How a board guards its votes."""

    leak_names = Names(
        required=False, label=_("More names to look for"), help_text=_("One on each line, beside those of the models.")
    )
    reason = forms.CharField(max_length=500, label=_("Why you change this"), help_text=_("Stands in the log."))

    class Meta:
        model = VotingRules
        fields = moderation.FIELDS
        labels = {
            "quarantine_by_test": _("Let the voter tests quarantine"),
            "alpha": _("Level of the tests"),
            "attention_share": _("Share of pairs with a known answer"),
            "leaks": _("Answers that name their maker are"),
            "check_kind": _("Beside voting, a browser does"),
            "account_minute": _("Votes a minute by one account"),
            "account_day": _("Votes a day by one account"),
            "session_minute": _("Votes a minute by one session"),
            "session_day": _("Votes a day by one session"),
            "network_minute": _("Votes a minute by one network"),
            "network_day": _("Votes a day by one network"),
        }
        help_texts = {
            "alpha": _("A smaller p in a test quarantines. At 0.001 that meets about 2 in 1,000 honest voters."),
            "attention_share": _("From 0 to 0.5. Their votes do not count in ratings."),
            **dict.fromkeys(
                [f"{whose}_{period}" for whose in ("account", "session", "network") for period in ("minute", "day")],
                _("0 for no limit."),
            ),
        }


class DecisionForm(forms.Form):
    """A decision on one voter."""

    voter = forms.CharField(max_length=80, widget=forms.HiddenInput)
    quarantined = forms.TypedChoiceField(
        choices=[("1", "1"), ("0", "0")], coerce=lambda value: value == "1", widget=forms.HiddenInput
    )
    reason = forms.CharField(max_length=500, label=_("Reason"))
    everywhere = forms.BooleanField(required=False, label=_("On all boards"))


class NetworkForm(forms.Form):
    """A decision on all voters of a network."""

    network = forms.CharField(max_length=32, widget=forms.HiddenInput)
    reason = forms.CharField(max_length=500, label=_("Reason"))


def _board(request: HttpRequest, slug: str) -> Board:
    """The board, for those with the right. Raises PermissionDenied, Http404."""
    if not request.user.has_perm(RIGHT):
        raise PermissionDenied
    return get_object_or_404(read_boards.all_boards(), slug=slug)


@never_cache
@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Voters of a board with their evidence, and what was decided."""
    return _page(request, _board(request, slug))


def _page(request: HttpRequest, board: Board, *, status: int = 200, **bound: Any) -> HttpResponse:
    rules = rules_of(board)
    shown = request.GET.get("show", "all")
    shown = shown if shown in read.SHOWN else "all"
    number = request.GET.get("page", "1")
    checks = read.check_states(board)
    context = {
        "board": board,
        "rules": RulesForm(instance=rules),
        "found": read.voters(board, shown=shown, number=id_in(number) or 1, alpha=rules.alpha),
        "shown": shown,
        "filters": [
            ("all", gettext("All")),
            ("signs", gettext("With a sign")),
            ("quarantined", gettext("In quarantine")),
        ],
        "held": len(quarantined(board)),
        "known_pairs": KnownPair.objects.filter(board=board).count(),
        "checks": checks,
        "alarms": [check for check in checks if check.unchecked],
        "log": list(read_log.entries_of(board).order_by("-number")[:SHOWN_LOG]),
        "chain": read_log.check(),
        **bound,
    }
    return render(request, "moderation.html", context, status=status)


@require_POST
def decide(request: HttpRequest, slug: str) -> HttpResponse:
    """Quarantine a voter, or lift it."""
    return _done(request, _board(request, slug), DecisionForm(request.POST), "decision", moderation.decide)


@require_POST
def decide_network(request: HttpRequest, slug: str) -> HttpResponse:
    """Quarantine everyone of a network."""
    return _done(request, _board(request, slug), NetworkForm(request.POST), "decision", moderation.quarantine_network)


@require_POST
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """Change the board's rules."""
    board = _board(request, slug)

    def change(*, board: Board, user: Any, reason: str, **changes: Any) -> None:
        moderation.set_rules(board=board, user=user, reason=reason, changes=changes)

    return _done(request, board, RulesForm(request.POST, instance=rules_of(board)), "rules", change)


def _done(request: HttpRequest, board: Board, form: Any, name: str, act: Callable[..., Any]) -> HttpResponse:
    """Do what a form says; one that cannot be taken comes back with its faults."""
    if form.is_valid():
        try:
            act(board=board, user=request.user, **form.cleaned_data)
        except InvalidInput as problem:
            take(form, problem)
        else:
            messages.success(request, gettext("Your decision is stored; the board is being worked out anew."))
            return redirect("moderation", board.slug)
    return _page(request, board, status=422, **{name: form})


@never_cache
@require_safe
def log_csv(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Every decision on this board and on all boards, oldest first, with the digests of the chain."""
    board = _board(request, slug)
    columns = (*read_log.FIELDS, "digest")
    rows = read_log.entries_of(board).values(*columns).iterator(chunk_size=500)
    headers = {"Content-Disposition": f'attachment; filename="{board.slug}-decisions.csv"'}
    return StreamingHttpResponse(csv_rows(columns, rows), content_type="text/csv; charset=utf-8", headers=headers)
