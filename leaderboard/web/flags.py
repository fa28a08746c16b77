"""Flags on an entry's page: their evidence as text, and the form to decide on one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leaderboard.queries.flags import FlagRecord
from leaderboard.ratings.flag_sentences import sentence_of
from leaderboard.web.language import listed, translated


class DecisionForm(forms.Form):
    """Whether a flag is cleared or raised again, and why."""

    cleared = forms.TypedChoiceField(
        choices=[("1", gettext_lazy("Clear")), ("0", gettext_lazy("Raise again"))],
        coerce=lambda value: value == "1",
        widget=forms.HiddenInput,
    )
    reason = forms.CharField(
        max_length=500,
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Stands in the history for everyone to read."),
    )


@dataclass(frozen=True)
class Section:
    """One flag as the page shows it; `form` is None for those without the right."""

    record: FlagRecord
    name: str
    sentence: str
    evidence: list[tuple[str, str]]
    form: DecisionForm | None


def sections(records: Sequence[FlagRecord], *, may_decide: bool, bound: Mapping[int, DecisionForm]) -> list[Section]:
    """The flags with a form each; `bound` has the forms that were sent, by flag."""
    return [
        Section(
            record,
            translated(record.flag.kind.replace("-", " ")),
            sentence(record.flag.kind, record.flag.evidence, record.flag.sentence),
            list(evidence(record.flag.evidence)),
            (bound.get(record.flag.pk) or blank(record)) if may_decide else None,
        )
        for record in records
    ]


def sentence(kind: str, evidence: Mapping[str, Any], stored: str) -> str:
    """What a flag says, in the reader's language where its evidence still tells it."""
    again = sentence_of(kind, evidence)
    return translated(again if again == stored else stored)


def blank(record: FlagRecord) -> DecisionForm:
    """A form that turns the state of the flag round."""
    return DecisionForm(prefix=prefix(record.flag.pk), initial={"cleared": "0" if record.is_cleared else "1"})


def prefix(flag: int) -> str:
    """What the names of the fields begin with, as one page has many flags."""
    return f"flag-{flag}"


def evidence(found: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Names and values, those of inner objects behind the name of the outer one."""
    for key, value in found.items():
        name = f"{above} {key}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            yield from evidence(value, name)
        else:
            yield translated(name), _value(value)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return listed(map(_value, value))
    if isinstance(value, bool) or value is None:
        return {True: _("yes"), False: _("no"), None: _("not known")}[value]
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
