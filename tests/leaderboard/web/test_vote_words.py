"""What is stored of votes in English, and shown in the reader's language."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from leaderboard.services import quarantine
from leaderboard.services.arenas import ArenaSettings, _asked
from leaderboard.web import vote_words

WORDS = re.compile(r"[A-Za-z]{2,}")
CODES = (
    *vote_words.ACTIONS,
    *vote_words.ACTORS,
    *vote_words.CHECKS,
    *vote_words.STATES,
    *vote_words.FIELDS,
    *quarantine.REASONS.values(),
)


@pytest.mark.parametrize("categories", [(), ("math",), ("math", "code, hard")], ids=["all", "one", "two"])
@pytest.mark.parametrize("share", [1.0, 0.125])
@pytest.mark.parametrize("count", [0, 1, 12])
def test_which_prompts_an_arena_asks_is_read_back_from_what_was_stored(categories, share, count):
    settings = ArenaSettings(slug="duel", title="Duel", categories=list(categories), share=share)
    stored = _asked(settings, count)
    assert vote_words.asked(stored) == stored
    with translation.override("zh-hans"):
        shown = vote_words.asked(stored)
    assert WORDS.findall(shown) == (WORDS.findall(", ".join(categories)) if count else [])
    assert re.findall(r"[\d.]+", shown) == re.findall(r"[\d.]+", stored)


def test_a_text_of_another_form_is_shown_as_it_is():
    assert vote_words.asked("every second prompt") == "every second prompt"


@pytest.mark.parametrize("code", CODES)
def test_codes_and_stored_reasons_have_chinese_words(code):
    with translation.override("zh-hans"):
        assert not WORDS.search(translation.gettext(code))
