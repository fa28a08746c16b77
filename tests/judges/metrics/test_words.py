"""What counts as a word."""

from __future__ import annotations

import pytest

from judges.metrics.words import words


@pytest.mark.parametrize(
    ("text", "found"),
    [("The cat, the HAT!", ["the", "cat", "the", "hat"]), ("snake_case 3.5", ["snake", "case", "3", "5"]), ("…", [])],
)
def test_words_are_runs_of_letters_and_digits_in_lower_case(text, found):
    assert words(text) == found


def test_letters_of_other_alphabets_count():
    assert words("Straße НЕТ") == ["straße", "нет"]
