"""The reader's language: sentences of the parts that know no Django, and the choice at the foot of each page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from leaderboard.contracts.said import Said, again


def translated(text: object) -> str:
    """A sentence in the reader's language.

    One made by `said` is made again from its translated template; any other text is looked up as it is, and stays as
    it is where the catalog does not have it.
    """
    plain = text if isinstance(text, str) else "" if text is None else str(text)
    if not isinstance(plain, Said):
        return _looked_up(plain)
    template = ngettext(plain.template, plain.plural, plain.values["n"]) if plain.plural else _looked_up(plain.template)
    return (
        template.format(**{name: _value(value) for name, value in plain.values.items()}) if plain.values else template
    )


def _looked_up(template: str) -> str:
    return gettext(template) if template else ""  # the empty text is the catalog's own heading


def _value(value: Any) -> Any:
    return translated(value) if isinstance(value, Said) else value


def retold(details: Mapping[str, Any], text: str) -> str:
    """A sentence that a snapshot keeps in English, in the reader's language; `details` are that snapshot's."""
    return translated(again((details.get("said") or {}).get(text, text)))


def listed(names: Iterable[object]) -> str:
    """Names one after another, as the reader's language separates them."""
    return _(", ").join(map(str, names))


def current() -> str:
    """The code of the language that this request is answered in; part of what makes two pages the same."""
    return get_language() or ""


@csrf_exempt
@require_POST
def choose(request: HttpRequest) -> HttpResponseBase:
    """Keep the chosen language in a cookie and go back.

    It takes no form token, so that pages which anyone may see set no cookie; a form on another site is refused by what
    browsers tell of it. The most that one could do is to change the words that a visitor reads.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise PermissionDenied("The language is chosen on this site only.")
    return set_language(request)
