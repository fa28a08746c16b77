"""The form of a sweep: one model, and the grids of its arms as lines of text."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leaderboard.contracts.params import FieldError, InvalidInput, sentence
from leaderboard.contracts.written import read_choice
from leaderboard.services import grids, sweeps
from leaderboard.web.heard import heard
from leaderboard.web.params_form import values_of
from leaderboard.web.submit_form import PLUGINS, SubmitForm

CAPS = ("max_usd", "max_tokens")
EXAMPLE = "greedy\ntemperature temperature=0.7,1\nmin-p temperature=1,2 min_p=0.05,0.1"
WORDS = {"decoding": "shared"}
"""Fields that are called otherwise here."""


class SweepForm(SubmitForm):
    """Chooses the board and the model, and declares every arm."""

    strategy = None  # type: ignore[assignment]
    plugins = {"model": PLUGINS["model"]}
    title = forms.CharField(
        label=gettext_lazy("Title"),
        required=False,
        max_length=sweeps.LONGEST_TITLE,
        help_text=gettext_lazy("What this sweep is to find out."),
    )
    arms = forms.CharField(
        label=gettext_lazy("Arms"),
        initial=EXAMPLE,
        strip=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "code"}),
        help_text=gettext_lazy(
            "One strategy a line, with the values to try and commas between. Every combination is an arm."
        ),
    )
    shared = forms.CharField(
        label=gettext_lazy("Settings of every arm"),
        required=False,
        max_length=2000,
        initial="max_new_tokens=128",
        help_text=gettext_lazy("Such as max_new_tokens=128; a line above can set its own."),
    )
    tune = forms.FloatField(
        label=gettext_lazy("Share of tune prompts"),
        initial=0.5,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text=gettext_lazy(
            "Arms are chosen on these prompts and scored on the others. A prompt's key decides where it belongs."
        ),
    )
    baseline = forms.CharField(
        label=gettext_lazy("Baseline arm"),
        required=False,
        max_length=200,
        help_text=gettext_lazy(
            "The label of the arm that others are tested against. Empty for greedy, or else the first."
        ),
    )

    def clean_arms(self) -> list[grids.Grid]:
        """The grids, one for each line that is not empty."""
        lines = self.cleaned_data["arms"].split("\n")
        self.numbers = [number for number, line in enumerate(lines, 1) if line.strip()]
        try:
            return grids.read([line for line in lines if line.strip()])
        except InvalidInput as problem:
            raise forms.ValidationError([self._on_line(error) for error in problem.errors]) from None

    def clean_shared(self) -> dict[str, Any]:
        """The settings by name."""
        try:
            return read_choice(f"all {self.cleaned_data['shared']}")[1]
        except ValueError as problem:
            raise forms.ValidationError(heard(sentence(problem))) from None

    def sweep(self) -> sweeps.Request:
        """What a valid form asks for."""
        given = self.cleaned_data
        plain = ("board", "generator", "arms", "system", "samples", "seeds", "tune", "baseline", "title", *CAPS)
        return sweeps.Request(
            model=values_of(given, self.kinds["model"], "model"),
            decoding=given["shared"],
            **{name: given[name] for name in plain},
        )

    def take(self, problem: InvalidInput) -> None:
        """Put every fault on its field; those of arms name the line."""
        rest = []
        for error in problem.errors:
            head = str(error.path[0]) if error.path else ""
            if head == "arms":
                self.add_error("arms", self._on_line(error))
            elif head in WORDS:
                self.add_error(WORDS[head], f"{'.'.join(map(str, error.path[1:]))}: {heard(error.message)}")
            else:
                rest.append(error)
        super().take(InvalidInput(*rest))

    def _on_line(self, error: FieldError) -> str:
        """The fault with its line, setting and the number of the value among several."""
        at = error.path[1:]
        if not at:
            return heard(error.message)
        names = [str(step) for step in at[2:] if isinstance(step, str)]
        places = [_("value %(number)s") % {"number": step + 1} for step in at[3:4] if isinstance(step, int)]
        line = _("Line %(number)s") % {"number": self.numbers[int(at[0])]}
        where = _(", ").join([line, *names[:1], *places])
        return f"{where}: {heard(error.message)}"
