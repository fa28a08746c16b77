"""Answers that name their maker: said of themselves, as a word, and never by the way."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.leaks import known_names, leaks, names_of_model

NAMES = known_names(["Pebble-s"])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hello! I'm Claude, an AI assistant.", "claude"),
        ("I am ChatGPT, a large language model.", "chatgpt"),
        ("My name is Qwen.", "qwen"),
        ("I was trained by the team at Cohere.", "cohere"),
        ("I’m a large language model, trained by Google.", "google"),
        ("As an AI language model developed by OpenAI, I cannot.", "openai"),
        ("I am an AI assistant called Grok.", "grok"),
        ("As ChatGPT, I have no body.", "chatgpt"),
        ("Here is how I, Gemma, write.", "gemma"),
        ("I was developed by the Large Model Systems Organization (LMSYS).", "lmsys"),
        ("OpenAI has trained me on text.", "openai"),
        ("My creators at Anthropic decided so.", "anthropic"),
        ("I am\npebble-s and I like sums.", "pebble-s"),
        ("I AM GPT-4.", "gpt-4"),
        ("I am GEMıNI.", "gemini"),
        ("I am (Claude), a bardic phial of philosophy.", "claude"),
    ],
)
def test_an_answer_that_names_itself_or_its_maker_is_found(text, name):
    assert name in leaks(text, NAMES)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I am **Claude**, made to help.", "claude"),
        ("**I am** Claude.", "claude"),
        ("My name is *Qwen*.", "qwen"),
        ("I am `Claude`.", "claude"),
        ("I am “Claude”.", "claude"),
        ("I was trained by __OpenAI__.", "openai"),
        ("I'm Chat GPT.", "chatgpt"),
        ("I am chat-gpt.", "chatgpt"),
        ("I am GPT 4o.", "gpt-4o"),
        ("I am Pebble S.", "pebble-s"),
        ("I'm Anthropic's Claude.", "claude"),
        ("I'm the AI assistant Claude.", "claude"),
        ("I am C\u200bla\u00adude.", "claude"),
        ("I am \uff23\uff4c\uff41\uff55\uff44\uff45.", "claude"),
        ("I am \u0421l\u0430ude.", "claude"),
        ("I was made by \u0391nthropic.", "anthropic"),
    ],
)
def test_marks_and_look_alikes_hide_no_name(text, name):
    assert name in leaks(text, NAMES)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("你好！我是ChatGPT。", "chatgpt"),
        ("我是**通义千问**，很高兴见到你。", "通义千问"),
        ("我叫 Claude，是一个助手。", "claude"),
        ("我是一个名为Kimi的助手。", "kimi"),
        ("我是由OpenAI开发的语言模型。", "openai"),
        ("我是 Anthropic 公司训练的模型", "anthropic"),
        ("我是OpenAI的语言模型。", "openai"),
        ("作为ChatGPT，我不能这样做。", "chatgpt"),
        ("作為由Google訓練的模型，我不能。", "google"),
        ("深度求索开发了我。", "深度求索"),
        ("我的开发者是百度。", "百度"),
        ("Soy ChatGPT.", "chatgpt"),
        ("Fui creado por OpenAI.", "openai"),
        ("Je m’appelle Claude.", "claude"),
        ("Je suis un modèle développé par Mistral AI.", "mistral ai"),
        ("Ich wurde von OpenAI entwickelt.", "openai"),
        ("Меня зовут Claude.", "claude"),
        ("私はClaudeです。", "claude"),
        ("저는 ChatGPT입니다.", "chatgpt"),
    ],
)
def test_answers_in_other_languages_name_themselves_too(text, name):
    assert name in leaks(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "我觉得ChatGPT很好用。",
        "我是用ChatGPT写的。",
        "我是百度的用户。",
        "他是由OpenAI的人训练的。",
        "他说我很好，而OpenAI开发的模型更好。",
        "Je pense que Claude est bien.",
        "Я использую ChatGPT.",
        "I am told: **Claude** is good.",
        "I am *coherent*.",
    ],
)
def test_a_name_by_the_way_is_no_leak_in_any_language(text):
    assert leaks(text, NAMES) == ()


@pytest.mark.parametrize("text", ["我是", "我是由", "*_`", "I am ", "as an ", "Я ", "a", "é"])
def test_a_long_text_of_beginnings_is_looked_through(text):
    """Quadratic patterns would not come to an end on these."""
    assert leaks(text * 20_000 + " I am Claude.", NAMES) == ("claude",)


@pytest.mark.parametrize(
    "text",
    [
        "The essay is coherent, and I am coherent too; it was made by coherence.",
        "I am not as capable as ChatGPT.",
        "I think ChatGPT is a great tool.",
        "Google was founded in 1998. I am sure of it.",
        "I used GPT-4 to write this.",
        "I'm Claude's neighbour.",
        "He was trained by OpenAI researchers.",
        "I am a metaphor of a bardic phial, I am phishing.",
        "I am falcon-eyed.",
        "",
    ],
)
def test_a_name_by_the_way_is_no_leak(text):
    assert leaks(text, NAMES) == ()


@given(st.text(alphabet=st.characters(categories=("L", "P", "Zs")), max_size=200))
def test_a_name_within_a_word_never_counts(text):
    assert "cohere" not in leaks(f"I am coherent, made by coherence. {text}", frozenset({"cohere"})) or "cohere" in (
        text.lower().replace("coherent", "").replace("coherence", "")
    )


def test_names_are_those_of_the_models_but_no_plain_word():
    assert names_of_model("org/alpaca-7b") == ("alpaca-7b", "alpaca")
    assert names_of_model("right") == names_of_model("") == ()
    assert leaks("I am right.", known_names(names_of_model("right"))) == ()
    assert leaks("I am Alpaca!", frozenset({"alpaca"})) == ("alpaca",)
    assert leaks("I am Claude.", frozenset()) == ()
    assert "x" not in known_names(["x", " "])


def test_names_with_signs_are_no_patterns():
    names = known_names(["a.*b", "c++ bot ("])
    assert leaks("I am a.*b", names) == ("a.*b",)
    assert leaks("I am axxb", names) == ()


@pytest.mark.reference
def test_about_six_in_a_thousand_ordinary_outputs_are_found(reference_path: Path) -> None:
    """On outputs that say something: an entry that gives one text for all prompts is not ordinary."""
    rates = []
    for path in sorted((reference_path / "alpaca_eval" / "results").glob("*/model_outputs.json.gz")):
        texts = [row["output"] or "" for row in json.loads(gzip.decompress(path.read_bytes()))]
        if len(set(texts)) > 0.5 * len(texts):
            rates.append((sum(bool(leaks(text, NAMES)) for text in texts), len(texts)))
    found, total = map(sum, zip(*rates, strict=True))
    print(f"{found} of {total} outputs name their maker ({100 * found / total:.2f} %)")
    assert 0.002 <= found / total <= 0.012
