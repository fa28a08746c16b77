"""Control tokens of chat models where they are spelled out in a text that somebody wrote: they stay text.

A tokenizer reads `<|end|>` in an answer as the end of a turn, and what follows speaks as somebody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def control_tokens(tokenizer: Any) -> tuple[str, ...]:
    """The special tokens of a Hugging Face tokenizer, the longest first; those of one character are left out."""
    found = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
    return tuple(sorted((token for token in found if len(token) > 1), key=lambda token: (-len(token), token)))


def plain_text(text: str, tokens: Sequence[str]) -> str:
    """`text` with a space in every one of `tokens` that is spelled out in it, so that no text can end its turn."""
    for token in tokens:
        if token in text:
            text = text.replace(token, f"{token[0]} {token[1:]}")
    return text
