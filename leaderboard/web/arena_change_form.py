"""The form that changes a running arena: entries, who may vote, how pairs are drawn, and limits."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import ArenaPolicy, Board
from leaderboard.queries import arenas as read
from leaderboard.queries.integrity import rules_of
from leaderboard.ratings.pairing import Sampling
from leaderboard.services.arena_changes import LIMITS
from leaderboard.web.arena_form import SAMPLING, ArenaForm
from leaderboard.web.moderation import RulesForm
from leaderboard.web.params_form import fields_for, values_of

WHO = ("access", "domains", "providers", "invite_only")
LIMIT = "limits"


class ChangeForm(forms.Form):
    """Filled with what holds now, so that what is not touched stays."""

    def __init__(self, board: Board, data: Any = None) -> None:
        home, policy = board.parent or board, getattr(board, "policy", None) or ArenaPolicy(board=board)
        super().__init__(data, initial=_initial(board, policy), prefix="change")
        fresh = ArenaForm(home)
        for name in ("entries", *WHO):
            if name in fresh.fields:
                self.fields[name] = fresh.fields[name]
        self.fields["entries"].label = _("Entries that are shown")
        self.fields["entries"].help_text = _("One that is left out is drawn no more and keeps its votes and its place.")
        self.fields.update(fields_for(Sampling, SAMPLING))
        rules = RulesForm.base_fields
        self.fields.update({f"{LIMIT}-{name}": _limit(rules[name]) for name in LIMITS})
        self.fields["reason"] = forms.CharField(
            label=_("Why you change this"), max_length=500, help_text=_("Stands in the log.")
        )

    def given(self) -> dict[str, Any]:
        """The whole change that a valid form asks for; what equals the present changes nothing."""
        told = self.cleaned_data
        plain = {name: told[name] for name in ("entries", *WHO) if name in self.fields}
        rule = {**Sampling().canonical(), **values_of(told, Sampling, SAMPLING)}
        return {**plain, SAMPLING: rule, LIMIT: {name: told[f"{LIMIT}-{name}"] for name in LIMITS}}

    def take(self, problem: InvalidInput) -> None:
        """Put every fault on its field; one without a field goes to the top."""
        for error in problem.errors:
            steps = [str(step) for step in error.path if isinstance(step, str)]
            name = next((n for n in ("-".join(steps[:2]), *steps[:1]) if n in self.fields), None)
            self.add_error(name, error.message)

    def lists(self) -> list[forms.BoundField]:
        """Each a list of boxes."""
        return [self[name] for name in ("entries", "providers") if name in self.fields]

    def who_fields(self) -> list[forms.BoundField]:
        """Who may vote."""
        return [self[name] for name in WHO if name in self.fields and name != "providers"]

    def sampling_fields(self) -> list[forms.BoundField]:
        """How pairs are drawn."""
        return [self[name] for name in self.fields if name.startswith(f"{SAMPLING}-")]

    def limit_fields(self) -> list[forms.BoundField]:
        """Most votes of one account, session and network."""
        return [self[name] for name in self.fields if name.startswith(f"{LIMIT}-")]


def _limit(like: forms.Field) -> forms.Field:
    return forms.IntegerField(min_value=0, max_value=2**31 - 1, label=like.label, help_text=like.help_text)


def _initial(board: Board, policy: ArenaPolicy) -> dict[str, Any]:
    rules, drawn = rules_of(board), {**Sampling().canonical(), **policy.sampling}
    who = {name: getattr(policy, name) for name in WHO}
    return {
        **who,
        "entries": [entry.slug for entry in read.shown(board)],
        **{f"{SAMPLING}-{name}": value for name, value in drawn.items()},
        **{f"{LIMIT}-{name}": getattr(rules, name) for name in LIMITS},
    }
