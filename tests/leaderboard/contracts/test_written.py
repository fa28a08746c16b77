"""A plugin with its settings as one line of text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.contracts.written import read_choice, write_choice

NAMES = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,5}){0,2}", fullmatch=True)
KEYS = st.from_regex(r"[A-Za-z_][A-Za-z_0-9]{0,8}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(NAMES, st.dictionaries(KEYS, VALUES, max_size=4))
def test_what_is_written_is_read_back(name, settings):
    assert read_choice(write_choice(name, settings)) == (name, settings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("greedy", ("greedy", {})),
        ("  top-p   p=0.9  temperature=2 ", ("top-p", {"p": 0.9, "temperature": 2})),
        ("reward-model model=pebble-reward", ("reward-model", {"model": "pebble-reward"})),
        ('chain steps=["top-p 0.9", "min-p 0.1"]', ("chain", {"steps": ["top-p 0.9", "min-p 0.1"]})),
        ("x a=1e3 b=1x", ("x", {"a": 1000.0, "b": "1x"})),
        ("x a=NaN", ("x", {"a": "NaN"})),
    ],
)
def test_values_are_json_or_bare_words(text, expected):
    assert read_choice(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "begin with a plugin's name"),
        ("Top P", "begin with a plugin's name"),
        ("top-p 0.9", "write settings as name=value, not '0.9'"),
        ("top-p p=0.9 p=0.8", "'p' is given twice"),
        ("top-p p=", "a setting has no value"),
    ],
)
def test_what_cannot_be_read_is_told(text, words):
    with pytest.raises(ValueError, match=words):
        read_choice(text)
