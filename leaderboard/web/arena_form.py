"""The form of a new arena: the fields of its settings, and those of the drawing of pairs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from leaderboard.contracts.params import InvalidInput, parse_params
from leaderboard.models import ArenaPolicy, Board
from leaderboard.queries import arenas as read
from leaderboard.queries import sign_in
from leaderboard.ratings.pairing import Sampling
from leaderboard.services.arenas import ArenaSettings
from leaderboard.services.live_rules import LiveSettings
from leaderboard.web.language import translated
from leaderboard.web.params_form import fields_for, values_of

SAMPLING, LIVE = "sampling", "live"
WHO = ("access", "domains", "invite_only", "consent", "apart")


class ArenaForm(forms.Form):
    """Fields are made from `ArenaSettings`; entries and categories are those of the board."""

    def __init__(self, home: Board, data: Any = None) -> None:
        title = _("%(board)s, by people") % {"board": home.title}
        super().__init__(data, initial={"slug": read.free_slug(home), "title": title[:100]})
        own = {name.removeprefix("-"): field for name, field in fields_for(ArenaSettings, "").items()}
        del own[SAMPLING], own[LIVE]
        own["entries"] = _several(own["entries"], read.entry_choices(home))
        categories = [(name, name) for name in read.categories(home)]
        own["categories"] = _several(own["categories"], categories)
        providers = [(one.id, one.name) for one in sign_in.providers()]
        own["providers"] = _several(own["providers"], providers)
        ways = [way for way in ArenaPolicy.Access.choices if providers or way[0] != ArenaPolicy.Access.PROVIDER]
        own["access"] = forms.ChoiceField(label=_("Who may vote"), choices=ways, initial="anyone")
        if not providers:
            del own["providers"]
        if not categories:
            del own["categories"]
        self.fields.update({**own, **fields_for(Sampling, SAMPLING), **fields_for(LiveSettings, LIVE)})

    def settings(self) -> ArenaSettings:
        """What a valid form asks for. Raises InvalidInput."""
        parts = (f"{SAMPLING}-", f"{LIVE}-")
        plain = {name: self.cleaned_data[name] for name in self.fields if not name.startswith(parts)}
        given: dict[str, Any] = {name: value for name, value in plain.items() if value not in (None, "", [])}
        given[SAMPLING] = values_of(self.cleaned_data, Sampling, SAMPLING)
        given[LIVE] = values_of(self.cleaned_data, LiveSettings, LIVE)
        return parse_params(ArenaSettings, given)

    def take(self, problem: InvalidInput) -> None:
        """Put every fault on its field; one without a field goes to the top."""
        for error in problem.errors:
            steps = [str(step) for step in error.path if isinstance(step, str)]
            name = next((n for n in ("-".join(steps[:2]), *steps[:1]) if n in self.fields), None)
            self.add_error(name, translated(error.message))

    def point_out(self) -> None:
        """Let the browser go to the first field at fault."""
        wrong = next((field for name, field in self.fields.items() if name in self.errors), None)
        if wrong is not None:
            wrong.widget.attrs["autofocus"] = True

    def what_fields(self) -> list[forms.BoundField]:
        """Name, entries and prompts, but for what has a list of boxes."""
        return [self[name] for name in ("slug", "title", "share")]

    def lists(self) -> list[forms.BoundField]:
        """Entries and categories, each a list of boxes."""
        return [self[name] for name in ("entries", "categories") if name in self.fields]

    def who_fields(self) -> list[forms.BoundField]:
        """Who may vote."""
        return [self[name] for name in WHO]

    def provider_lists(self) -> list[forms.BoundField]:
        """Sign-in providers, a list of boxes, where any is set up."""
        return [self["providers"]] if "providers" in self.fields else []

    def sampling_fields(self) -> list[forms.BoundField]:
        """How pairs are drawn."""
        return [self[name] for name in self.fields if name.startswith(f"{SAMPLING}-")]

    def live_fields(self) -> list[forms.BoundField]:
        """Whether voters may ask for themselves, and how much."""
        return [self[name] for name in self.fields if name.startswith(f"{LIVE}-")]


class LiveForm(forms.Form):
    """How an arena takes live battles, to be changed."""

    def __init__(self, now: LiveSettings, data: Any = None) -> None:
        fields = fields_for(LiveSettings, LIVE)
        super().__init__(data, initial={f"{LIVE}-{name}": value for name, value in now.canonical().items()})
        self.fields.update(fields)

    def given(self) -> dict[str, Any]:
        """What a valid form asks for; a field left empty asks for the default."""
        return LiveSettings().canonical() | values_of(self.cleaned_data, LiveSettings, LIVE)


def _several(field: forms.Field, choices: list[tuple[str, str]]) -> forms.Field:
    return forms.MultipleChoiceField(
        label=field.label,
        help_text=str(field.help_text).removesuffix(_("One a line.")).strip(),
        required=False,
        choices=choices,
        widget=forms.CheckboxSelectMultiple,
    )
