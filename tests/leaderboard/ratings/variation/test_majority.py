"""Majority vote against counting every subset."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.variation.majority import MOST, NO_ANSWER, expected_majority, tally_of


def counted(labels, truth_of, k):
    """Mean over every subset, tied answers at equal chance, truth 0 where none answers."""
    shown = []
    for subset in combinations(labels, k):
        votes = Counter(label for label in subset if label != NO_ANSWER)
        top = [label for label, count in votes.items() if count == max(votes.values())]
        shown.append(np.mean([truth_of[label] for label in top]) if top else 0.0)
    return np.mean(shown)


@given(st.lists(st.integers(NO_ANSWER, 4), min_size=1, max_size=8), st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_the_vote_is_the_mean_over_all_subsets(labels, truths):
    truth = np.array([truths[label] if label != NO_ANSWER else 0.7 for label in labels])
    ks = tuple(range(1, len(labels) + 1))
    found = expected_majority(*tally_of(np.array(labels), truth), ks)
    assert found == pytest.approx([counted(labels, truths, k) for k in ks], abs=1e-12)


def test_samples_with_one_answer_share_their_mean_truth():
    answers, without = tally_of(np.array([3, 3, 8, NO_ANSWER]), np.array([1.0, 0.0, 0.25, 1.0]))
    assert (answers, without) == (((1, 0.25), (2, 0.5)), 1)


def test_nobody_answering_scores_zero():
    assert expected_majority((), 3, (1, 3)).tolist() == [0.0, 0.0]


def test_a_vote_over_hundreds_of_samples_keeps_its_precision():
    many = expected_majority(((300, 1.0), (200, 0.0), (1, 0.0)), 0, (1, 3, 501))
    p, n = 300 / 501, 501
    three = (300 * 299 * 298 + 3 * 300 * 299 * 201) / (n * (n - 1) * (n - 2)) + 6 * 300 * 200 * 1 / (
        n * (n - 1) * (n - 2)
    ) / 3
    assert many == pytest.approx([p, three, 1.0], rel=1e-12)


@given(st.lists(st.tuples(st.integers(1, 30), st.just(1.0)), min_size=1, max_size=5))
def test_where_every_answer_is_right_the_vote_is(answers):
    n = sum(count for count, _ in answers)
    assert expected_majority(tuple(answers), 0, tuple(range(1, n + 1))) == pytest.approx(np.ones(n), rel=1e-9)


@pytest.mark.parametrize(
    ("answers", "k", "words"), [(((2, 1.0),), 3, "between 1 and 2"), (((MOST + 1, 1.0),), 1, f"at most {MOST}")]
)
def test_votes_that_cannot_be_counted_are_refused(answers, k, words):
    with pytest.raises(ValueError, match=words):
        expected_majority(answers, 0, (k,))


def test_a_vote_counted_once_is_kept_and_cannot_be_changed():
    found = expected_majority(((2, 1.0), (3, 0.0)), 1, (1, 3))
    assert expected_majority(((2, 1.0), (3, 0.0)), 1, (1, 3)) is found
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0.0


@given(st.lists(st.tuples(st.integers(1, 20), st.sampled_from([0.0, 0.5, 1.0])), min_size=2, max_size=6))
def test_truth_and_its_opposite_add_up_to_one(answers):
    ks = tuple(range(1, sum(count for count, _ in answers) + 1))
    opposite = tuple((count, 1.0 - truth) for count, truth in answers)
    both = expected_majority(tuple(answers), 0, ks) + expected_majority(opposite, 0, ks)
    assert both == pytest.approx(np.ones(len(ks)), rel=1e-9)
