"""What is counted of a text for length and style control. Text in, numbers out."""

from __future__ import annotations

import re

MEASURES = ("chars", "tokens", "header", "list", "bold")
"""Names of the measures, in the order of `measure`. `chars` are Unicode code points."""

_TOKEN = re.compile(r"\w+|[^\w\s]")
_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^(?P=fence)[`~]*\s*$|\Z)", re.MULTILINE | re.DOTALL)
_HEADER = re.compile(r"^#{1,6}\s", re.MULTILINE)
_LIST = re.compile(r"^\s*(?:\d+\.|[-*+])\s", re.MULTILINE)
_BOLD = re.compile(r"\*\*[^*\n]+\*\*|__[^_\n]+__")


def measure(text: str) -> tuple[int, int, int, int, int]:
    """(chars, tokens, header, list, bold) of one text.

    A token is a run of word characters or one punctuation mark. Headers, list items and bold spans are
    counted in what is left after removing fenced code, as the style control of Chatbot Arena does.
    """
    prose = _FENCE.sub("", text)
    marks = (len(pattern.findall(prose)) for pattern in (_HEADER, _LIST, _BOLD))
    return len(text), len(_TOKEN.findall(text)), *marks  # type: ignore[return-value]
