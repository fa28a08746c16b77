"""For templates: `{% load language %}`, then `{{ sentence|said }}` and `{% languages as choices %}`."""

from __future__ import annotations

from django import template
from django.conf import settings

from leaderboard.web.language import translated

register = template.Library()
register.filter("said", translated)


@register.simple_tag
def languages() -> list[tuple[str, str]]:
    """Code and own name of each language that the site can be read in."""
    return list(settings.LANGUAGES)
