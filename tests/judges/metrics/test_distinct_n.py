"""Distinct-n."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.metrics.distinct_n import distinct_n

TEXTS = st.lists(st.lists(st.sampled_from(["a", "b", "c"]), max_size=6).map(" ".join), min_size=1, max_size=5)


def test_a_small_set_by_hand():
    assert distinct_n(["the cat sat", "The cat ran"], 1) == pytest.approx(4 / 6)
    assert distinct_n(["the cat sat", "The cat ran"], 2) == pytest.approx(3 / 4)


def test_texts_are_not_joined():
    assert distinct_n(["a b", "b a"], 2) == 1.0
    assert distinct_n(["a b", "b a"], 3) is None


@pytest.mark.parametrize("texts", [[], [""], ["one"]])
def test_without_ngrams_there_is_no_value(texts):
    assert distinct_n(texts, 2) is None


@given(TEXTS, st.integers(1, 3), st.integers(2, 4))
def test_saying_all_again_divides_it(texts, n, times):
    once, again = distinct_n(texts, n), distinct_n(texts * times, n)
    assert (again is None) == (once is None)
    if once is not None:
        assert again == pytest.approx(once / times)


def test_ngrams_of_no_length_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        distinct_n(["a"], 0)
