"""Titles of boards as a page shows them: those that an arena made itself, in the reader's language.

What such a board is stands in its row; its title is kept in English. One that somebody gave stays as it is.
"""

from __future__ import annotations

from django.utils.translation import gettext

from leaderboard.models import Board
from leaderboard.services.arenas import APART_TITLES
from leaderboard.services.live_rules import LIVE_TITLE


def title_of(board: Board | None) -> str:
    """Empty for none."""
    if board is None:
        return ""
    template = LIVE_TITLE if board.live else APART_TITLES.get(Board.Voters(board.voters), "")
    made = template % {"title": ""} if template else ""
    if not made or not board.title.endswith(made):
        return board.title
    return gettext(template) % {"title": board.title.removesuffix(made)}
