"""What counts as a word."""

from __future__ import annotations

import pytest

from judges.metrics.words import ngrams, words


@pytest.mark.parametrize(
    ("text", "found"),
    [("The cat, the HAT!", ["the", "cat", "the", "hat"]), ("snake_case 3.5", ["snake", "case", "3", "5"]), ("…", [])],
)
def test_words_are_runs_of_letters_and_digits_in_lower_case(text, found):
    assert words(text) == found


def test_letters_of_other_alphabets_count():
    assert words("Straße НЕТ") == ["straße", "нет"]


def test_ngrams_overlap_and_stop_at_the_end():
    assert ngrams(["a", "b", "c"], 2) == [("a", "b"), ("b", "c")]
    assert ngrams(["a"], 2) == []
    assert ngrams(["a", "b"], 1) == [("a",), ("b",)]


def test_ngrams_of_no_length_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        ngrams(["a"], 0)
