"""Answers that name their maker in the first person, so that a vote on them is not blind. Texts in, names out.

A name alone says nothing: "like GPT-4" is a comparison, and "cohere" stands in "coherent". What counts is a sentence in
which the answer speaks of itself, as "I am Claude" or "I was trained by Acme", with a name that is known, as a word.
The sentences are in `leak_forms`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from leaderboard.ratings.leak_forms import FORMS, named, plain

MAKERS = (
    *("AI21", "Alibaba", "Allen Institute for AI", "Ai2", "Anthropic", "BAAI", "Baichuan", "Baidu", "BigScience"),
    *("ByteDance", "Cohere", "Databricks", "DeepMind", "DeepSeek", "EleutherAI", "Google", "Hugging Face", "IBM"),
    *("Inflection", "LMSYS", "Meta AI", "Microsoft", "MiniMax", "Mistral AI", "Moonshot AI", "MosaicML", "NVIDIA"),
    *("OpenAI", "Open Assistant", "OpenAssistant", "Stability AI", "TII", "Technology Innovation Institute", "Tencent"),
    *("THUDM", "Together AI", "xAI", "Zhipu AI", "01.AI", "Nous Research", "Reka"),
    *("阿里云", "阿里巴巴", "百度", "腾讯", "字节跳动", "智谱", "月之暗面", "深度求索", "百川智能", "零一万物"),
    *("科大讯飞", "商汤", "谷歌", "微软"),
)
ASSISTANTS = (
    *("Alpaca", "Bard", "Bing Chat", "BLOOM", "ChatGLM", "ChatGPT", "Chat GPT", "Claude", "Command R", "Copilot"),
    *("DBRX", "Dolly"),
    *("ERNIE", "Falcon", "Gemini", "Gemma", "GPT", "GPT-3", "GPT-3.5", "GPT-4", "GPT-4o", "GPT-5", "Grok", "Guanaco"),
    *("InternLM", "Jamba", "Kimi", "Koala", "LaMDA", "LLaMA", "Mistral", "Mixtral", "MPT", "Nemotron", "OLMo", "PaLM"),
    *("Phi", "Pythia", "Qwen", "StableLM", "Tulu", "Vicuna", "WizardLM", "Yi", "Zephyr", "Tongyi Qianwen"),
    *("通义千问", "千问", "文心一言", "豆包", "混元", "智谱清言", "讯飞星火", "星火", "书生"),
)
LEAST_NAME = 2
MOST_TEXT = 65_536
"""Characters of a text that are looked at, at its start and at its end; who speaks of itself does so there."""

_BETWEEN = re.compile(r"[\s_-]+")


def _words(names: Iterable[str]) -> str:
    """A pattern of any of the names, the longest first; for a space or hyphen in one, either or none may stand."""
    longest = sorted(names, key=len, reverse=True)
    return "|".join(r"[\s_-]?".join(re.escape(part) for part in _BETWEEN.split(name)) for name in longest)


@lru_cache(maxsize=64)
def _pattern(names: frozenset[str]) -> re.Pattern[str]:
    words = _words(names)
    numbered = (form.replace("{name}", named(words, f"name{number}")) for number, form in enumerate(FORMS))
    return re.compile("|".join(numbered), re.IGNORECASE)


def known_names(extra: Iterable[str] = ()) -> frozenset[str]:
    """The built-in makers and assistants with `extra`, in lower case; names of one letter say nothing."""
    names = (" ".join(plain(name).lower().split()) for name in (*MAKERS, *ASSISTANTS, *extra))
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
    return re.compile(named(_words([name]), "name"), re.IGNORECASE)


def _together(text: str) -> str:
    """Without case, spaces and hyphens, as the patterns see it."""
    return _BETWEEN.sub("", text.replace("İ", "i").replace("ı", "i").casefold())


def _mentioned(text: str, names: frozenset[str]) -> bool:
    """Whether any of the names stands in the text as a word. Most texts have none, and the long pattern is slow."""
    together = _together(text)
    return any(_together(name) in together and _word(name).search(text) for name in names)


def leaks(text: str, names: frozenset[str]) -> tuple[str, ...]:
    """The names, as `known_names` has them, that the text gives away in the first person, each once."""
    looked = plain(text if len(text) <= 2 * MOST_TEXT else f"{text[:MOST_TEXT]}\n{text[-MOST_TEXT:]}")
    if not _mentioned(looked, names):
        return ()
    known = {_together(name): name for name in sorted(names)}
    found = (part for hit in _pattern(names).finditer(looked) for part in hit.groupdict().values() if part)
    return tuple(dict.fromkeys(known.get(_together(part), part.lower()) for part in found))
