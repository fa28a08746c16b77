"""Conversations on pages: the turns before an answer, with the answers among them as safe HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from leaderboard.queries.turns import Turn


@dataclass(frozen=True)
class Shown:
    """One turn on a page; `html` is empty for what is shown as it is."""

    turn: Turn
    html: str = ""

    @property
    def ended(self) -> str:
        """Why an answer ended, where it did not end by itself."""
        reason = self.turn.output.finish_reason if self.turn.output else ""
        return reason if reason != "stop" else ""


def shown(turns: Sequence[Turn], html: Callable[[str], SafeString]) -> list[Shown]:
    """The turns; an entry's own answers are rendered by `html`."""
    return [Shown(turn, html(turn.content)) if turn.output and turn.content else Shown(turn) for turn in turns]


def texts(turns: Sequence[Turn]) -> list[str]:
    """What of the turns is rendered."""
    return [turn.content for turn in turns if turn.output and turn.content]
