"""Answers that name their maker in the first person, so that a vote on them is not blind. Texts in, names out.

A name alone says nothing: "like GPT-4" is a comparison, and "cohere" stands in "coherent". What counts is a sentence in
which the answer speaks of itself, as "I am Claude" or "I was trained by Acme", with a name that is known, as a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

MAKERS = (
    *("AI21", "Alibaba", "Allen Institute for AI", "Ai2", "Anthropic", "BAAI", "Baichuan", "Baidu", "BigScience"),
    *("ByteDance", "Cohere", "Databricks", "DeepMind", "DeepSeek", "EleutherAI", "Google", "Hugging Face", "IBM"),
    *("Inflection", "LMSYS", "Meta AI", "Microsoft", "MiniMax", "Mistral AI", "Moonshot AI", "MosaicML", "NVIDIA"),
    *("OpenAI", "Open Assistant", "OpenAssistant", "Stability AI", "TII", "Technology Innovation Institute", "Tencent"),
    *("THUDM", "Together AI", "xAI", "Zhipu AI", "01.AI", "Nous Research", "Reka"),
)
ASSISTANTS = (
    *("Alpaca", "Bard", "Bing Chat", "BLOOM", "ChatGLM", "ChatGPT", "Claude", "Command R", "Copilot", "DBRX", "Dolly"),
    *("ERNIE", "Falcon", "Gemini", "Gemma", "GPT", "GPT-3", "GPT-3.5", "GPT-4", "GPT-4o", "GPT-5", "Grok", "Guanaco"),
    *("InternLM", "Jamba", "Kimi", "Koala", "LaMDA", "LLaMA", "Mistral", "Mixtral", "MPT", "Nemotron", "OLMo", "PaLM"),
    *("Phi", "Pythia", "Qwen", "StableLM", "Tulu", "Vicuna", "WizardLM", "Yi", "Zephyr", "Tongyi Qianwen"),
)
LEAST_NAME = 2
MOST_TEXT = 65_536
"""Characters of a text that are looked at, at its start and at its end; who speaks of itself does so there."""

MADE = r"(?:created|developed|made|built|trained|designed|fine-tuned|finetuned|programmed|released|powered)"
KIND = r"(?:AI|language|chat|virtual|digital|helpful|large|assistant|model|chatbot|bot|LLM)"
_WORD = r"[^\s.!?;:,()\"“”]+"
_FILL = rf"(?:{_WORD},?\s+){{0,6}}?"


@lru_cache(maxsize=64)
def _pattern(names: frozenset[str]) -> re.Pattern[str]:
    words = sorted((re.escape(name) for name in names), key=len, reverse=True)
    name = rf"(?<![\w-])\(?(?P<name{{}}>{'|'.join(words)})(?!-?[a-z]|['’]s\b)"
    forms = (
        # I am Claude; my name is Qwen; I'm ChatGPT, a large language model
        rf"\b(?:I\s+am|I['’]m|my\s+name\s+is|call\s+me)\s+(?:actually\s+|called\s+|named\s+)?{name}",
        # I was created by OpenAI; I am an AI assistant developed by the team at Acme
        rf"\b(?:I\s+am|I['’]m|I\s+was|I['’]ve\s+been|I\s+have\s+been)\s+{_FILL}{MADE}\s+(?:and\s+{_WORD}\s+)?"
        rf"(?:by|at)\s+{_FILL}{name}",
        # as an AI language model developed by OpenAI; as a model trained by Acme
        rf"\bas\s+an?\s+{_FILL}{KIND}(?:\s+{_WORD}){{0,4}}?\s*,?\s*{MADE}\s+by\s+{_FILL}{name}",
        # I am an AI assistant called Claude; I am a language model, named Falcon
        rf"\b(?:I\s+am|I['’]m)\s+an?\s+{_FILL}{KIND}(?:\s+{_WORD}){{0,2}}?\s*,?\s*(?:called|named)\s+{name}",
        # as ChatGPT, I cannot; how I, Gemma, answer
        rf"\bas\s+{name}\s*,\s*I\b",
        rf"\bI\s*,\s*{name}\s*,",
        # OpenAI created me; my creators at Acme; my developer, OpenAI
        rf"{name}\s+(?:has\s+|have\s+)?{MADE}\s+me\b",
        rf"\bmy\s+(?:creators?|developers?|makers?|training\s+by)(?:\s+at|\s+is|\s+are|,)?\s+{_FILL}{name}",
    )
    numbered = "|".join(form.replace("name{}", f"name{number}") for number, form in enumerate(forms))
    return re.compile(numbered, re.IGNORECASE)


def known_names(extra: Iterable[str] = ()) -> frozenset[str]:
    """The built-in makers and assistants with `extra`, in lower case; names of one letter say nothing."""
    names = (" ".join(name.lower().split()) for name in (*MAKERS, *ASSISTANTS, *extra))
    return frozenset(name for name in names if len(name) >= LEAST_NAME)


def names_of_model(name: str) -> tuple[str, ...]:
    """What a model may call itself: the last part of its name, and that part's first word.

    A plain word gives nothing, since "I am right" does not name a model; who needs it adds it to the names by hand.
    """
    last = name.rsplit("/", 1)[-1].strip()
    if not last or last.isalpha():
        return ()
    first = re.match(r"[A-Za-z]{4,}", last)
    return tuple(dict.fromkeys([last, *([first.group()] if first else [])]))


@lru_cache(maxsize=4096)
def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?!-?[a-z])", re.IGNORECASE)


def _mentioned(text: str, names: frozenset[str]) -> bool:
    """Whether any of the names stands in the text as a word. Most texts have none, and the long pattern is slow."""
    plain = text.replace("İ", "i").replace("ı", "i").casefold()  # as patterns that ignore case see them
    return any(name.casefold() in plain and _word(name).search(text) for name in names)


def leaks(text: str, names: frozenset[str]) -> tuple[str, ...]:
    """The names, as `known_names` has them, that the text gives away in the first person, each once."""
    looked = text if len(text) <= 2 * MOST_TEXT else f"{text[:MOST_TEXT]}\n{text[-MOST_TEXT:]}"
    if not _mentioned(looked, names):
        return ()
    found = _pattern(names).finditer(looked)
    return tuple(dict.fromkeys(part.lower() for hit in found for part in hit.groupdict().values() if part))
