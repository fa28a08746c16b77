"""Self-BLEU against one library call a text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu import sentence_bleu

from judges.metrics.self_bleu import self_bleu

WORDS = st.sampled_from(["the", "cat", "Cat", "sat.", "on,", "mat"])
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=9).map(" ".join), min_size=2, max_size=6)


@given(TEXTS)
def test_it_is_the_mean_of_the_librarys_own_scores(texts):
    scores = [sentence_bleu(text, texts[:i] + texts[i + 1 :]).score for i, text in enumerate(texts)]
    assert self_bleu(texts) == pytest.approx(np.mean(scores) / 100, abs=1e-12)


@given(TEXTS, st.randoms())
def test_the_order_of_texts_does_not_matter(texts, random):
    assert self_bleu(random.sample(texts, len(texts))) == pytest.approx(self_bleu(texts))


def test_texts_all_alike_are_one_and_without_a_common_token_zero():
    assert self_bleu(["the cat sat on the mat"] * 3) == 1.0
    assert self_bleu(["a b c d", "e f g h"]) == 0.0


def test_texts_without_a_token_are_left_out():
    assert self_bleu(["a b c", "", "a b d", " \n"]) == self_bleu(["a b c", "a b d"])


@pytest.mark.parametrize("texts", [[], ["one text"], ["one text", " "]])
def test_fewer_than_two_texts_have_no_value(texts):
    assert self_bleu(texts) is None


def test_a_hundred_long_texts_have_a_value():
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{word}" for word in rng.zipf(1.3, 200) % 500) for _ in range(100)]
    assert 0 < self_bleu(texts) < 1
