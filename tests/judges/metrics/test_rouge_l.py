"""ROUGE-L against a plain search over subsequences."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.metrics.rouge_l import RougeL, RougeLParams, lcs_length, overlap
from leaderboard.contracts import conformance
from leaderboard.contracts.registry import metrics
from leaderboard.contracts.values import Scored

TOKENS = st.lists(st.sampled_from("abc"), max_size=8)


def subsequences(tokens):
    return {found for size in range(len(tokens) + 1) for found in combinations(tokens, size)}


def score(text, reference, measure="f1"):
    return RougeL(RougeLParams(measure=measure)).score(prompt="", reference=reference, text=text)


@given(TOKENS, TOKENS)
def test_the_length_is_that_of_the_longest_common_subsequence(first, second):
    assert lcs_length(first, second) == max(map(len, subsequences(first) & subsequences(second)))


@given(TOKENS, TOKENS)
def test_exchanging_the_texts_exchanges_precision_and_recall(first, second):
    one, other = overlap(first, second), overlap(second, first)
    assert (one.precision, one.recall, one.f1) == (other.recall, other.precision, other.f1)


def test_texts_of_thousands_of_words():
    assert lcs_length(["a", "b"] * 3000, ["b"] * 2000 + ["c"] * 3000) == 2000


@pytest.mark.parametrize(("measure", "wanted"), [("precision", 4 / 5), ("recall", 4 / 6), ("f1", 8 / 11)])
def test_the_measures_of_a_known_pair(measure, wanted):
    assert score("a cat on the mat!", "The cat sat on the mat", measure).value == pytest.approx(wanted)


def test_case_and_punctuation_make_no_difference():
    assert score("THE, cat", "the cat").value == 1.0


@pytest.mark.parametrize("text", ["", "…", "dog"])
def test_an_output_that_shares_no_word_scores_zero(text):
    assert score(text, "cat") == Scored(0.0)


@pytest.mark.parametrize("reference", ["", " ", "…"])
def test_without_reference_words_an_output_is_unscored(reference):
    assert score("cat", reference) == Scored(None, "no reference")


def test_the_plugin_conforms():
    conformance.check_registered(metrics, RougeL)
    conformance.check_metric(metrics.get("rouge-l"))
