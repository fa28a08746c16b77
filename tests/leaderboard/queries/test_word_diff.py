"""Two answers word by word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leaderboard.queries.word_diff import MOST_WORDS, Passage, word_diff

TEXTS = st.text(st.sampled_from("ab \n\t"), max_size=60)


def test_words_of_one_answer_are_marked_without_the_space_before_them():
    left, right = word_diff("The cat sat.", "The  dog sat.")
    assert left == [Passage("The", False), Passage(" ", False), Passage("cat", True), Passage(" sat.", False)]
    assert right == [Passage("The", False), Passage("  ", False), Passage("dog", True), Passage(" sat.", False)]


@given(TEXTS, TEXTS)
def test_passages_joined_are_the_text_and_those_shared_are_the_same_words(left, right):
    first, second = word_diff(left, right)
    assert ("".join(p.text for p in first), "".join(p.text for p in second)) == (left, right)
    shared = [[word for p in side if not p.own for word in p.text.split()] for side in (first, second)]
    assert shared[0] == shared[1]


@given(TEXTS)
def test_equal_answers_differ_in_nothing(text):
    assert not any(passage.own for side in word_diff(text, text) for passage in side)


def test_long_answers_are_not_compared():
    assert word_diff(" a" * MOST_WORDS, "b")[0] is not None
    assert word_diff(" a" * (MOST_WORDS + 1), "b") == (None, None)
