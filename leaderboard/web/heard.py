"""Stored English sentences, told again in the reader's language.

Job errors, findings and reports are kept as plain English text. One that was made of a template which the catalog has
is recognised by its fixed words; what nobody recognises stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, gettext
from django.utils.translation.trans_real import translation

from leaderboard.contracts.said import Said
from leaderboard.web.language import translated

VALUE = re.compile(r"\{(\w+)[^{}]*\}")
FEWEST = 8
"""Letters between its values that a template needs to be known by."""


def heard(text: object) -> str:
    """A stored sentence in the reader's language.

    Values of several words are told again too, as they may be sentences of their own; a single word may be a name.
    """
    if text is None:
        return ""
    if isinstance(text, Said) and text.values:
        return translated(Said(text.template, text.plural, {name: _value(one) for name, one in text.values.items()}))
    language = get_language() or settings.LANGUAGE_CODE
    return f"{text}" if language == settings.LANGUAGE_CODE else _told(f"{text}", language)


@lru_cache(maxsize=2048)
def _told(text: str, language: str) -> str:
    if (known := _known(text, language)) is not None:
        return known
    # A fault on a field got a capital and a stop on its way.
    if text.endswith(".") and (fragment := _known(text[:1].lower() + text[1:-1], language)) is not None:
        return fragment + gettext(".")
    # Errors of jobs begin with the kind of the fault.
    kind, _, rest = text.partition(": ")
    told = _known(rest, language) if kind.isidentifier() else None
    return text if told is None else f"{kind}: {told}"


def _known(text: str, language: str) -> str | None:
    if text and (told := gettext(text)) != text:
        return told
    for pattern, template in _patterns(language):
        if found := pattern.fullmatch(text):
            return _filled(template, {name: _value(value) for name, value in found.groupdict().items()})
    return None


def _value(value: Any) -> Any:
    return heard(value) if isinstance(value, Said) or (isinstance(value, str) and " " in value) else value


def _filled(template: str, values: Mapping[str, str]) -> str:
    """The template with texts in its places, whatever forms of numbers it asks for."""
    return VALUE.sub(lambda place: values.get(place[1], place[0]), template)


@lru_cache(maxsize=16)
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Templates of the catalog that have values, as patterns, those with most fixed words first."""
    kept: Any = translation(language)
    texts = {key[0] if isinstance(key, tuple) else key: text for key, text in kept._catalog.items()}
    wanted = [(key, text) for key, text in texts.items() if VALUE.search(key) and _fixed(key) >= FEWEST]
    return [(_pattern(key), text) for key, text in sorted(wanted, key=lambda one: -_fixed(one[0]))]


def _fixed(template: str) -> int:
    return sum(map(str.isalpha, VALUE.sub("", template)))


def _pattern(template: str) -> re.Pattern[str]:
    """The fixed words with anything between; a value that comes twice is the same both times."""
    parts, at, names = [], 0, set[str]()
    for place in VALUE.finditer(template):
        parts.append(re.escape(template[at : place.start()]))
        parts.append(f"(?P={place[1]})" if place[1] in names else f"(?P<{place[1]}>.+?)")
        names.add(place[1])
        at = place.end()
    return re.compile("".join([*parts, re.escape(template[at:])]), re.DOTALL)
