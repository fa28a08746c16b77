"""To which family a model's name belongs: who made it. The rules are data that a caller can replace."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Rules = Sequence[tuple[str, str]]

FAMILIES: Rules = (
    ("openai", r"\b(gpt|chatgpt|davinci|o[134])\b"),
    ("anthropic", r"\bclaude\b"),
    ("google", r"\b(gemini|gemma|palm|bard|flan)\b"),
    ("meta", r"\b(llama|codellama)\b"),
    ("mistral", r"\b(mistral|mixtral|ministral|codestral)\b"),
    ("alibaba", r"\b(qwen|qwq)\b"),
    ("deepseek", r"\bdeepseek\b"),
    ("cohere", r"\b(cohere|command)\b"),
    ("microsoft", r"\b(phi|wizardlm|orca)\b"),
    ("01-ai", r"\byi\b"),
    ("xai", r"\bgrok\b"),
    ("pebble", r"\bpebble\b"),
)
"""(family, pattern), the first that fits counts.

A pattern is looked for in the name in lower case, cut into words at all that is no letter or digit, and once more with
a cut where digits begin, so that `gpt` finds `gpt4_turbo`. A model trained on another's weights belongs to whom its
name tells.
"""


def family_of(name: str, rules: Rules = FAMILIES) -> str:
    """The family of a model by its name; "" where no rule fits."""
    words = re.sub(r"[^a-z0-9]+", " ", name.lower())
    apart = re.sub(r"(?<=[a-z])(?=\d)", " ", words)
    return next((family for family, rule in rules if re.search(rule, words) or re.search(rule, apart)), "")


def rules_of(given: Any) -> Rules:
    """Rules from a mapping of one pattern, or a list of them, by family. Raises ValueError that says what is wrong."""
    if not isinstance(given, Mapping):
        raise ValueError("the families must be an object of patterns by family")
    found = []
    for family, patterns in given.items():
        for pattern in [patterns] if isinstance(patterns, str) else patterns:
            if not isinstance(pattern, str):
                raise ValueError(f"a pattern of '{family}' is not text")
            try:
                re.compile(pattern)
            except re.error as problem:
                raise ValueError(f"the pattern '{pattern}' of '{family}' is not valid: {problem}") from None
            found.append((str(family), pattern))
    return tuple(found)
