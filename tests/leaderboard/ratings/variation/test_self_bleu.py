"""Self-BLEU against one library call a text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu import sentence_bleu

from leaderboard.ratings.variation.self_bleu import self_bleu

WORDS = st.sampled_from(["the", "cat", "Cat", "sat.", "on,", "mat"])
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=9).map(" ".join), min_size=2, max_size=6)


@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_each_group_has_the_mean_of_the_librarys_own_scores(groups):
    wanted = [
        np.mean([sentence_bleu(text, own[:i] + own[i + 1 :]).score for i, text in enumerate(own)]) / 100
        for own in groups
    ]
    assert self_bleu(groups) == pytest.approx(wanted, abs=1e-12)


@given(TEXTS, st.randoms())
def test_the_order_of_texts_does_not_matter(texts, random):
    one, other = self_bleu([texts, random.sample(texts, len(texts))])
    assert one == pytest.approx(other)


def test_texts_all_alike_are_one_and_without_a_common_token_zero():
    assert self_bleu([["the cat sat on the mat"] * 3, ["a b c d", "e f g h"]]).tolist() == [1.0, 0.0]


def test_texts_without_a_token_are_left_out():
    with_empty, without = self_bleu([["a b c", "", "a b d", " \n"], ["a b c", "a b d"]])
    assert with_empty == without


@pytest.mark.parametrize("texts", [[], ["one text"], ["one text", " "]])
def test_fewer_than_two_texts_have_no_value(texts):
    assert np.isnan(self_bleu([texts, ["a", "a"]])).tolist() == [True, False]


def test_no_groups_have_no_values():
    assert self_bleu([]).tolist() == []


def test_a_hundred_long_texts_have_the_librarys_value():
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{word}" for word in rng.zipf(1.3, 200) % 500) for _ in range(100)]
    first = sentence_bleu(texts[0], texts[1:]).score / 100
    rest = np.mean([sentence_bleu(texts[i], texts[:i] + texts[i + 1 :]).score / 100 for i in range(1, 100)])
    assert self_bleu([texts])[0] == pytest.approx((first + 99 * rest) / 100, abs=1e-12)
