from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.holm import holm

P_VALUES = st.lists(st.floats(0, 1), max_size=20)


def test_by_hand() -> None:
    # sorted .01 .02 .03 .04, times 4 3 2 1: .04 .06 .06 .04, then the running maximum
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])


def test_a_test_that_was_not_made_stays_nan_and_does_not_count() -> None:
    assert holm([0.01, math.nan, 0.03]) == pytest.approx([0.02, math.nan, 0.03], nan_ok=True)


def test_nothing_in_nothing_out() -> None:
    assert holm([]).shape == (0,)


@given(P_VALUES)
def test_never_below_the_raw_value_nor_above_one(p: list[float]) -> None:
    adjusted = holm(p)
    assert np.all(adjusted >= np.array(p))
    assert np.all(adjusted <= 1)


@given(P_VALUES)
def test_keeps_the_order_of_the_raw_values(p: list[float]) -> None:
    adjusted = holm(p)[np.argsort(p, kind="stable")]
    assert np.all(np.diff(adjusted) >= 0)


@given(P_VALUES, st.randoms())
def test_does_not_depend_on_the_order_given(p: list[float], random: object) -> None:
    order = list(range(len(p)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert holm([p[i] for i in order]).tolist() == [holm(p)[i] for i in order]


@given(P_VALUES.filter(bool), st.floats(0.001, 0.2))
def test_rejects_what_stepping_down_rejects(p: list[float], alpha: float) -> None:
    rejected = 0
    for k, value in enumerate(sorted(p)):
        if (len(p) - k) * value > alpha:
            break
        rejected += 1
    assert np.sum(holm(p) <= alpha) == rejected


@pytest.mark.parametrize("p", [[-0.1], [1.1], [[0.5]]])
def test_refuses_what_is_no_p_value(p: object) -> None:
    with pytest.raises(ValueError, match="p-values must"):
        holm(p)  # type: ignore[arg-type]
