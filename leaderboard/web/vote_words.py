"""Codes and short stored texts of votes and moderation that pages show through the catalog.

They are stored in English, or as these codes, and looked up where they are shown.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_noop as _

ASKED = re.compile(r"(?P<n>\d+) prompts?(?: of (?P<kinds>.+?))?(?:, a random (?P<share>[\d.e+-]+) %)?")

ACTIONS = (
    _("voter-quarantined"),
    _("voter-released"),
    _("rules-changed"),
    _("arena-changed"),
    _("flag-cleared"),
    _("flag-raised"),
)
"""Of entries in the log of decisions."""
ACTORS = (_("voter tests"),)
PROMPTS = (_("all prompts"),)
CHECKS = (_("proof-of-work"),)
STATES = (_("passed"), _("failed"), _("unchecked"))
"""Of the check of a vote."""
FIELDS = (_("voter"), _("quarantined"), _("reason"), _("network"))
"""Of a decision that was refused."""
NUMBERS = (
    _("position z"),
    _("position p"),
    _("information z"),
    _("information p"),
    _("votes for"),
    _("expected"),
    _("p value"),
    _("p holm"),
)
"""Evidence of a sign, by the names of the tests' numbers."""


def asked(text: str) -> str:
    """Which prompts an arena asks, as `services.arenas` stored it, in the reader's language."""
    found = ASKED.fullmatch(text)
    if found is None:
        return gettext(text)
    n = int(found["n"])
    parts = [ngettext("%(n)s prompt", "%(n)s prompts", n) % {"n": n}]
    if found["kinds"]:
        parts.append(gettext(" of %(kinds)s") % {"kinds": found["kinds"]})
    if found["share"]:
        parts.append(gettext(", a random %(share)s %%") % {"share": found["share"]})
    return "".join(parts)
