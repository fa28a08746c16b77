"""Distinct-n, unique texts and loops, against plain counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.variation.repeats import LEAST, TIMES, distinct_n, loops, unique_share
from leaderboard.ratings.variation.texts import words

TEXTS = st.lists(st.lists(st.sampled_from(["a", "b", "c"]), max_size=6).map(" ".join), min_size=1, max_size=5)


def counted(texts, n):
    grams = [tuple(text.split()[i : i + n]) for text in texts for i in range(len(text.split()) - n + 1)]
    return len(set(grams)) / len(grams) if grams else np.nan


@given(st.lists(TEXTS, min_size=1, max_size=4), st.integers(1, 3))
def test_distinct_n_counts_the_ngrams_of_each_group(groups, n):
    assert distinct_n(groups, n) == pytest.approx([counted(own, n) for own in groups], nan_ok=True)


def test_words_are_compared_in_lower_case():
    assert distinct_n([["the cat sat", "The cat ran"]], 1) == pytest.approx([4 / 6])


def test_texts_are_not_joined():
    assert distinct_n([["a b", "b a"]], 2).tolist() == [1.0]
    assert np.isnan(distinct_n([["a b", "b a"]], 3)[0])


@given(TEXTS, st.integers(1, 3), st.integers(2, 4))
def test_saying_all_again_divides_it(texts, n, times):
    once, again = distinct_n([texts, texts * times], n)
    assert again == pytest.approx(once / times, nan_ok=True)


def test_ngrams_of_no_length_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        distinct_n([["a"]], 0)


def test_unique_texts_are_counted_without_the_spaces_at_their_ends():
    assert unique_share([["a", "a ", "b"], ["c"], []]) == pytest.approx([2 / 3, 1.0, np.nan], nan_ok=True)


def stuck(text):
    """Every place and every period, one by one."""
    found = words(text)
    for period in range(1, len(found)):
        size = max(TIMES * period, LEAST)
        for start in range(len(found) - size + 1):
            part = found[start : start + size]
            if all(part[i] == part[i - period] for i in range(period, size)):
                return True
    return False


@given(st.lists(st.lists(st.lists(st.sampled_from("ab"), max_size=24).map(" ".join), max_size=4), max_size=3))
def test_loops_are_those_that_a_search_of_every_place_finds(groups):
    found = loops(groups)
    assert [own.tolist() for own in found] == [[stuck(text) for text in own] for own in groups]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ha ha ha ha", False),
        ("ha " * 8, True),
        ("so I said, no. " * 3, False),
        ("It began well. " + "So I said, no. " * 4, True),
        ("one two three four five six seven eight nine ten", False),
        ("", False),
    ],
)
def test_a_loop_is_said_four_times_over_eight_words(text, wanted):
    assert loops([[text]])[0].tolist() == [wanted]


def test_a_loop_does_not_run_over_into_the_next_text():
    assert loops([["ha ha ha ha", "ha ha ha ha"], ["ha ha ha ha"]])[0].tolist() == [False, False]
