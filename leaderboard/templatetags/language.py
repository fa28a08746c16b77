"""For templates: `{% load language %}`, then `{{ sentence|said }}` and `{% languages as choices %}`.

Text from the database goes through `{{ stored|heard }}`, a board's title through `{{ board|titled }}`, and a list of
names through `{{ names|listed }}`.
"""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.conf import settings
from django.utils.translation import gettext as _

from leaderboard.web.heard import heard
from leaderboard.web.language import translated
from leaderboard.web.titles import title_of

register = template.Library()
register.filter("said", translated)
register.filter("heard", heard)
register.filter("titled", title_of)


@register.filter
def listed(names: Sequence[str]) -> str:
    """Names as people list them: with commas, and a word before the last."""
    *first, last = names
    return _("%(first)s and %(last)s") % {"first": _(", ").join(first), "last": last} if first else last


@register.simple_tag
def languages() -> list[tuple[str, str]]:
    """Code and own name of each language that the site can be read in."""
    return list(settings.LANGUAGES)
