"""Sentences that remember how they were made, so that a page can say them again in the reader's language.

The parts of the house that know no Django say what they have to say in English through `said`; the page that shows
the sentence looks its template up in the catalog (`leaderboard.web.language`). The words `said` and `counted` are also
what `manage.py messages` looks for, so their templates must be written out where they are called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Said(str):
    """An English sentence, with the template and the values that it was made of.

    It is an ordinary text to everyone who does not ask. `plural` is empty unless the sentence depends on a number,
    which then is the value `n`.
    """

    template: str
    plural: str
    values: Mapping[str, Any]

    __slots__ = ("plural", "template", "values")

    def __new__(cls, template: str, plural: str = "", values: Mapping[str, Any] | None = None) -> Said:
        """The sentence in English. Raises KeyError where the template asks for a value that is not given."""
        known = dict(values or {})
        chosen = plural if plural and known["n"] != 1 else template
        made = super().__new__(cls, chosen.format(**known) if known else chosen)
        made.template, made.plural, made.values = template, plural, known
        return made

    def __str__(self) -> str:
        """Itself: so an exception that was raised with it gives it back by `str`."""
        return self

    def __getnewargs__(self) -> tuple[str, str, Mapping[str, Any]]:  # type: ignore[override]
        return self.template, self.plural, self.values


def said(template: str, **values: Any) -> Said:
    """A sentence from a template with names in braces: `said("{name} is not there.", name=name)`.

    Without values the template is the sentence, braces and all.
    """
    return Said(template, "", values)


def counted(template: str, plural: str, n: int, **values: Any) -> Said:
    """A sentence that depends on the number `n`: `counted("{n} vote", "{n} votes", n)`."""
    return Said(template, plural, {"n": n, **values})


def joined(texts: Sequence[str]) -> str:
    """Sentences one after another."""
    if len(texts) < 2:
        return texts[0] if texts else ""
    return said("{first} {rest}", first=texts[0], rest=joined(texts[1:]))


def kept(text: str) -> str | dict[str, Any]:
    """What to store of a sentence, as JSON, to say it again later; `again` reads it. A constant is kept as it is.

    Values that are sentences are kept in the same way; any other must be plain JSON.
    """
    if not isinstance(text, Said) or not text.values:
        return text[:]
    values = {name: kept(value) if isinstance(value, Said) else value for name, value in text.values.items()}
    found = {"template": text.template, "plural": text.plural, "values": values}
    return {name: part for name, part in found.items() if part or name == "template"}


def again(stored: str | Mapping[str, Any]) -> str:
    """The sentence that `kept` stored. Raises KeyError where it is not one."""
    if isinstance(stored, str):
        return stored
    values = {
        name: again(value) if isinstance(value, Mapping) else value for name, value in stored.get("values", {}).items()
    }
    return Said(stored["template"], stored.get("plural", ""), values)
