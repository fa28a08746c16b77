from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.ratings.difficulty import Verdicts, fit_difficulty
from leaderboard.ratings.logistic import Floats, sigmoid


def board(seed: int, *, entries: int = 20, prompts: int = 100) -> tuple[Verdicts, Floats]:
    """Whole wins and losses drawn from the model, one row a pair of entry and prompt; and the true γ."""
    random = np.random.default_rng(seed)
    gamma = random.normal(size=prompts)
    w = random.normal([-0.8, 1.0, -1.0], [0.3, 0.2, 1.0], size=(entries, 3))
    entry, prompt = np.divmod(np.arange(entries * prompts), prompts)
    length = np.tanh(random.normal(size=len(entry)))
    chance = sigmoid(w[entry, 0] * length + w[entry, 1] * gamma[prompt] + w[entry, 2])
    credit = (random.uniform(size=len(entry)) < chance).astype(np.float64)
    return Verdicts(entry, prompt, credit, length, np.ones(len(entry))), gamma


def taken(verdicts: Verdicts, rows: Floats) -> Verdicts:
    return Verdicts(*(getattr(verdicts, part.name)[rows] for part in dataclasses.fields(verdicts)))


def test_a_true_difficulty_is_found() -> None:
    verdicts, gamma = board(0, entries=100, prompts=200)
    assert np.corrcoef(fit_difficulty(verdicts), gamma)[0, 1] > 0.95


def test_mean_is_zero_and_spread_is_one() -> None:
    found = fit_difficulty(board(1)[0])
    assert found.shape == (100,)
    assert np.mean(found) == pytest.approx(0, abs=1e-9)
    assert np.std(found) == pytest.approx(1, rel=1e-12)


def test_a_prompt_that_is_won_more_often_is_larger() -> None:
    verdicts, _ = board(2)
    won = np.where(verdicts.prompt == 7, 1.0, np.where(verdicts.prompt == 8, 0.0, verdicts.credit))
    found = fit_difficulty(dataclasses.replace(verdicts, credit=won))
    assert np.argmax(found) == 7
    assert np.argmin(found) == 8


def test_length_is_held_apart() -> None:
    # Prompt 0 is an average one, but every entry answers it at length, which the judge likes.
    verdicts, gamma = board(3, entries=30, prompts=40)
    gamma = np.where(np.arange(40) == 0, 0.0, gamma)
    length = np.where(verdicts.prompt == 0, 0.9, verdicts.length)
    seen = dataclasses.replace(verdicts, credit=sigmoid(3 * length + gamma[verdicts.prompt]), length=length)
    blind = dataclasses.replace(seen, length=np.zeros(len(length)))
    assert abs(fit_difficulty(seen)[0] - np.median(fit_difficulty(seen))) < 0.3
    assert fit_difficulty(blind)[0] - np.median(fit_difficulty(blind)) > 1.0


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_row_order_does_not_matter(seed: int) -> None:
    verdicts, _ = board(seed, entries=12, prompts=30)
    order = np.random.default_rng(seed).permutation(len(verdicts.entry))
    assert fit_difficulty(taken(verdicts, order)) == pytest.approx(fit_difficulty(verdicts), abs=1e-5)


def test_both_orders_at_half_weight_are_one_row() -> None:
    verdicts, _ = board(4)
    twice = taken(verdicts, np.repeat(np.arange(len(verdicts.entry)), 2))
    halves = dataclasses.replace(twice, weight=np.full(len(twice.entry), 0.5))
    assert fit_difficulty(halves) == pytest.approx(fit_difficulty(verdicts), abs=1e-5)


def test_a_prompt_without_a_verdict_gets_about_the_mean() -> None:
    verdicts, _ = board(5)
    assert abs(fit_difficulty(taken(verdicts, np.flatnonzero(verdicts.prompt != 50)))[50]) < 0.1


def test_two_halves_of_a_board_agree() -> None:
    verdicts, _ = board(6, entries=60, prompts=300)
    even = taken(verdicts, np.flatnonzero(verdicts.entry % 2 == 0))
    odd = taken(verdicts, np.flatnonzero(verdicts.entry % 2 == 1))
    assert np.corrcoef(fit_difficulty(even), fit_difficulty(odd))[0, 1] > 0.7


def test_the_least_numbers_of_entries_and_prompts() -> None:
    verdicts, _ = board(7, entries=10, prompts=10)
    assert np.all(np.isfinite(fit_difficulty(verdicts)))
    with pytest.raises(ValueError, match="needs 10 entries"):
        fit_difficulty(taken(verdicts, np.flatnonzero(verdicts.entry < 9)))
    with pytest.raises(ValueError, match="needs 10 prompts"):
        fit_difficulty(taken(verdicts, np.flatnonzero(verdicts.prompt < 9)))


def test_ties_alone_show_no_difference() -> None:
    verdicts, _ = board(8)
    with pytest.raises(ValueError, match="no difference between prompts"):
        fit_difficulty(dataclasses.replace(verdicts, credit=np.full(len(verdicts.credit), 0.5)))


@pytest.mark.parametrize("column", ["credit", "length", "weight"])
def test_a_number_that_is_not_finite_is_refused(column: str) -> None:
    verdicts, _ = board(9)
    values = np.where(np.arange(len(verdicts.entry)) == 5, np.nan, getattr(verdicts, column))
    with pytest.raises(ValueError, match="must be finite"):
        fit_difficulty(dataclasses.replace(verdicts, **{column: values}))
