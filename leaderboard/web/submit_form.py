"""The form of a submission: fixed fields, and those of the two plugins that are chosen."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from leaderboard.contracts import registry
from leaderboard.contracts.params import InvalidInput, Params
from leaderboard.contracts.registry import PluginError, Registry
from leaderboard.models import Board
from leaderboard.services import budgets, seeds
from leaderboard.services.submissions import Request
from leaderboard.web.heard import heard
from leaderboard.web.params_form import fields_for, values_of

PLUGINS: dict[str, tuple[str, Registry[Any]]] = {
    "model": ("generator", registry.generators),
    "decoding": ("strategy", registry.decoding),
}
"""Prefix of the settings: the field that names the plugin, and where to find it."""
USUAL = ("greedy", "transformers")
"""Plugins that a form begins with, where they are there."""


def _choices(family: Registry[Any]) -> tuple[list[tuple[str, str]], list[str]]:
    """Name and title of each plugin that can be loaded, and why each other one cannot."""
    found, broken = [], []
    for name in family.names():
        try:
            found.append((name, gettext(family.get(name).title)))
        except PluginError as problem:
            broken.append(heard(str(problem)))
    return found, broken


class SeedsField(forms.CharField):
    """Whole numbers with commas between."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Seeds"),
            max_length=400,
            initial="0",
            help_text=gettext_lazy("One or several, such as 1, 2. The same seed gives the same outputs."),
        )

    def clean(self, value: Any) -> Any:
        """The seeds as a tuple."""
        try:
            return seeds.read(super().clean(value))
        except InvalidInput as problem:
            raise forms.ValidationError([heard(error.message) for error in problem.errors]) from None


class SubmitForm(forms.Form):
    """Chooses the board, the model, the decoding and how much to generate."""

    board = forms.ChoiceField(label=gettext_lazy("Board"), help_text=gettext_lazy("Where the entry will be ranked."))
    generator = forms.ChoiceField(label=gettext_lazy("Backend"), help_text=gettext_lazy("What runs the model."))
    strategy = forms.ChoiceField(
        label=gettext_lazy("Decoding strategy"), help_text=gettext_lazy("How each token is chosen.")
    )
    samples = forms.IntegerField(
        label=gettext_lazy("Samples"),
        min_value=1,
        max_value=seeds.MAX_RUNS,
        initial=1,
        help_text=gettext_lazy("Outputs for each prompt and seed."),
    )
    seeds = SeedsField()
    system = forms.CharField(
        label=gettext_lazy("System text"),
        required=False,
        max_length=8000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Sent before each prompt; leave empty to send none."),
    )
    max_usd = forms.FloatField(
        label=gettext_lazy("Most dollars"),
        required=False,
        min_value=0,
        max_value=budgets.MOST_USD,
        help_text=gettext_lazy("Work waits before it costs more. Leave empty for no cap."),
    )
    max_tokens = forms.IntegerField(
        label=gettext_lazy("Most tokens"),
        required=False,
        min_value=0,
        max_value=budgets.MOST_TOKENS,
        help_text=gettext_lazy("Work waits before it takes more. Leave empty for no cap."),
    )
    key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    """Makes a double click one submission."""
    plugins = PLUGINS

    def __init__(self, chosen: Mapping[str, Any], data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.kinds: dict[str, type[Params]] = {}
        self.broken: list[str] = []
        boards = Board.objects.filter(open_to_submissions=True).values_list("slug", "title")
        self._offer("board", list(boards), chosen)
        self.initial.setdefault("key", uuid.uuid4().hex)
        for prefix, (name, family) in self.plugins.items():
            choices, broken = _choices(family)
            self.broken += broken
            picked = self._offer(name, choices, chosen)
            if picked:
                self.kinds[prefix] = family.get(picked).Params
                self.fields.update(fields_for(self.kinds[prefix], prefix))

    def _offer(self, name: str, choices: list[tuple[str, str]], chosen: Mapping[str, Any]) -> str:
        """Fill a list and tell what is picked in it; where nothing known is, the usual one or else the first."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
        known = [value for value, _ in choices]
        picked = chosen.get(name)
        picked = (
            picked if picked in known else next((value for value in known if value in USUAL), next(iter(known), ""))
        )
        self.initial.setdefault(name, picked)
        return str(picked)

    def group(self, prefix: str) -> list[forms.BoundField]:
        """The fields of one plugin's settings."""
        return [self[name] for name in self.fields if name.startswith(f"{prefix}-")]

    def model_fields(self) -> list[forms.BoundField]:
        """Settings of the backend."""
        return self.group("model")

    def decoding_fields(self) -> list[forms.BoundField]:
        """Settings of the strategy."""
        return self.group("decoding")

    def request(self) -> Request:
        """What a valid form asks for."""
        given = self.cleaned_data
        return Request(
            board=given["board"],
            generator=given["generator"],
            model=values_of(given, self.kinds["model"], "model"),
            strategy=given["strategy"],
            decoding=values_of(given, self.kinds["decoding"], "decoding"),
            system=given["system"],
            samples=given["samples"],
            seeds=given["seeds"],
            max_usd=given["max_usd"],
            max_tokens=given["max_tokens"],
        )

    def take(self, problem: InvalidInput) -> None:
        """Put every fault on its field; one without a field goes to the top."""
        for error in problem.errors:
            name = "-".join(map(str, error.path[:2])) if error.path[:1] and error.path[0] in self.plugins else ""
            name = name or (str(error.path[0]) if error.path else "")
            message = heard(error.message)
            text = message if name in self.fields else f"{'.'.join(map(str, error.path))}: {message}"
            self.add_error(name if name in self.fields else None, text)

    def point_out(self) -> None:
        """Let the browser go to the first field at fault."""
        wrong = next((field for name, field in self.fields.items() if name in self.errors), None)
        if wrong is not None:
            wrong.widget.attrs["autofocus"] = True
