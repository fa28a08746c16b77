"""Slots, orders, repeats and states against counting by hand, and what each says of judges that have the habit."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.habits import orders, paired_orders, repeats, slots, spent, states, wilson
from leaderboard.ratings.agreement.verdicts import Calls, side
from leaderboard.ratings.variation.resampling import Bootstrap
from tests.leaderboard.ratings.agreement.crowds import both_orders

PLAN = Bootstrap(replicates=50)
SIZE = 6


@st.composite
def calls(draw):
    """Verdicts in any order and repeat, each (item, order, repeat) once at most."""
    keys = draw(st.lists(st.tuples(st.integers(0, SIZE - 1), st.booleans(), st.integers(0, 2)), unique=True))
    one = st.one_of(st.just(float("nan")), st.sampled_from((0.0, 0.5, 1.0)), st.floats(0, 1))
    credit = [draw(one) for _ in keys]
    item, swapped, repeat = zip(*keys, strict=True) if keys else ((), (), ())
    return Calls(
        np.array(item, dtype=int),
        np.array(credit, dtype=float),
        np.array(swapped, dtype=bool),
        np.array(repeat, dtype=int),
    )


def draws(size: int = SIZE) -> Draws:
    return Draws.of(np.arange(size), PLAN)


def rows(found: Calls) -> dict[tuple[int, bool, int], float]:
    keys = zip(found.item.tolist(), found.swapped.tolist(), found.repeat.tolist(), strict=True)
    return {key: float(c) for key, c in zip(keys, found.credit, strict=True) if not np.isnan(c)}


@given(calls())
def test_orders_are_paired_within_item_and_repeat(found):
    known = rows(found)
    expected = {(item, repeat) for item, swapped, repeat in known if not swapped and (item, True, repeat) in known}
    one, two = paired_orders(found)
    assert {(int(found.item[i]), int(found.repeat[i])) for i in one} == expected
    assert [int(found.item[i]) for i in one] == [int(found.item[i]) for i in two]
    assert not found.swapped[one].any() and found.swapped[two].all()


@given(calls())
def test_every_scored_verdict_is_in_one_of_the_two_slot_tables(found):
    balanced, single = slots(found, draws())
    assert balanced.calls + single.calls == len(rows(found))
    assert balanced.calls == 2 * len(paired_orders(found)[0])


@given(calls())
def test_slots_count_decided_verdicts_by_the_slot_shown_first(found):
    both = {(i, r) for i, s, r in rows(found) if not s} & {(i, r) for i, s, r in rows(found) if s}
    single = [(1 - c if s else c) for (i, s, r), c in rows(found).items() if (i, r) not in both]
    ways = [int(side(np.array([c]))[0]) for c in single]
    decided = [way > 0 for way in ways if way]
    told = slots(found, draws())[1]
    assert told.decided.value == (pytest.approx(np.mean(decided)) if decided else None)
    assert told.credit.value == (pytest.approx(np.mean(single)) if single else None)


@given(calls())
def test_repeats_compare_every_pair_of_an_item_and_order(found):
    by_item: dict[int, list[tuple[bool, float]]] = {}
    for (item, swapped, _), c in rows(found).items():
        by_item.setdefault(item, []).append((swapped, c))
    means = []
    for own in by_item.values():
        pairs = [(x, y) for way in (False, True) for x, y in combinations([c for s, c in own if s == way], 2)]
        if pairs:
            means.append(
                (
                    np.mean([side(np.array([x]))[0] == side(np.array([y]))[0] for x, y in pairs]),
                    np.mean([abs(x - y) for x, y in pairs]),
                )
            )
    told = repeats(found, draws())
    assert told.items == len(means)
    if means:
        assert (told.same.value, told.distance.value) == pytest.approx(tuple(np.mean(means, axis=0)))


def test_a_judge_that_reads_only_the_answers_has_no_favoured_slot():
    credit = np.random.default_rng(0).random(500)
    calls = both_orders(credit, credit)
    told = orders(calls, draws(500))
    assert (told.same.value, told.to_first.value, told.shift.value) == (1, 0, pytest.approx(0))
    assert slots(calls, draws(500))[0].decided.value == 0.5


def test_a_judge_that_takes_the_first_slot_is_seen_whatever_the_answers():
    calls = both_orders(np.ones(50), np.zeros(50))
    told = orders(calls, draws(50))
    assert (told.same.value, told.to_first.value, told.to_second.value, told.shift.value) == (0, 1, 0, 0.5)
    assert slots(calls, draws(50))[0].decided.value == 1
    assert side(calls.means(50)).tolist() == [0] * 50


@given(st.integers(1, 200), st.data())
def test_shares_of_states_have_wilsons_interval(n, data):
    hits = data.draw(st.integers(0, n))
    told, known = wilson(hits, n), binomtest(hits, n).proportion_ci(method="wilson")
    assert (told.low, told.high) == pytest.approx((known.low, known.high), abs=1e-9)


def test_states_come_commonest_first_and_costs_leave_out_what_was_not_told():
    assert [(s.name, s.n) for s in states(["scored", "unparsed", "scored", "refused"])] == [
        ("scored", 2),
        ("refused", 1),
        ("unparsed", 1),
    ]
    told = spent(np.array([1.0, np.nan, 3.0]))
    assert (told.known, told.total, told.mean, dict(told.quantiles)[0.5]) == (2, 4.0, 2.0, 2.0)
    assert spent(np.array([np.nan])).quantiles == ()
