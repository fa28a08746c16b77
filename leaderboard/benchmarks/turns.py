"""What the later turns of a question are called: turn 2 of question 81 has the key `81:turn-2`."""

from __future__ import annotations

import re

TURN = re.compile(r"(?P<id>.*):turn-(?P<turn>[2-9]|[1-9][0-9]+)", re.DOTALL)


def turn_key(question: str, turn: int) -> str:
    """The prompt's key: the question's id, and from the second turn on the turn."""
    return question if turn == 1 else f"{question}:turn-{turn}"


def split_key(key: str) -> tuple[str, int]:
    """(question's id, turn)."""
    found = TURN.fullmatch(key)
    return (found["id"], int(found["turn"])) if found else (key, 1)


def key_before(question: str, turn: int) -> str:
    """The key of the turn before; "" before the first."""
    return "" if turn == 1 else turn_key(question, turn - 1)
