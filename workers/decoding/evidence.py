"""How a prompt marks its evidence: the passage that an answer should rest on.

    Answer from the text. <evidence>Ann has three cats.</evidence> How many cats has Ann?

A span begins at `<evidence>` and ends at the next `</evidence>`; a prompt may have several, and spans do not nest. A
marker without its partner is ordinary text. The marks are for us: no model reads them. Imports no torch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from leaderboard.contracts.values import Message

SPAN = re.compile(r"<evidence>(.*?)</evidence>", re.DOTALL)


def with_evidence(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages without the marks; all else stays, blanks included."""
    return _changed(messages, lambda text: SPAN.sub(r"\1", text))


def without_evidence(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages without the marked spans; all else stays, blanks included."""
    return _changed(messages, lambda text: SPAN.sub("", text))


def _changed(messages: Sequence[Message], change: Callable[[str], str]) -> tuple[Message, ...]:
    return tuple(replace(message, content=change(message.content)) for message in messages)
