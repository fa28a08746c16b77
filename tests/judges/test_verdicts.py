import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.verdicts import exact_share, first_slot_share
from leaderboard.benchmarks.alpaca_eval import discover, model_shown_first, read_model

M = ("m", "M")


@pytest.mark.parametrize(
    ("logprobs", "share"),
    [
        ([("m", math.log(0.6)), ("M", math.log(0.2))], 0.75),
        ([("m", -0.1)], 1.0),
        ([("M", -9.0), ("The", -0.001)], 0.0),
        ([("The", -0.1)], None),
        ([], None),
        ([(" m", math.log(0.2)), ("\u2581m", math.log(0.2)), ("\u0120m", math.log(0.2)), ("M", math.log(0.2))], 0.75),
        ([("mm", -0.1), ("m.", -0.2), ("M", -3.0)], 0.0),
        ([("m", 1e-9), ("M", -20.0)], 1 / (1 + math.exp(-20))),
        ([("m", -9999.0), ("M", -9999.0)], None),
        ([("m", -math.inf), ("M", -1.0)], 0.0),
        ([("m", math.nan), ("M", -1.0)], 0.0),
    ],
)
def test_share_of_the_first_slot(logprobs, share):
    assert first_slot_share(logprobs, M) == (None if share is None else pytest.approx(share))


@given(st.lists(st.tuples(st.sampled_from(["m", "M", " m", "x", ""]), st.floats()), max_size=8))
def test_any_table_gives_a_share_or_none(table):
    share, other = first_slot_share(table, M), first_slot_share(table, ("M", "m"))
    assert (share is None) == (other is None)
    assert share is None or share + other == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("logprobs", "share"),
    [
        ([("m", math.log(0.6)), ("M", math.log(0.2)), (" M", math.log(0.2))], 0.75),
        ([(" m", math.log(0.6)), (" M", math.log(0.2))], 0.75),
        ([("m", math.log(0.1)), (" M", math.log(0.8))], 1.0),
        ([("The", -0.1)], None),
        ([], None),
    ],
)
def test_bare_names_count_alone_where_there_are_any(logprobs, share):
    assert exact_share(logprobs, M) == (None if share is None else pytest.approx(share))


@pytest.mark.reference
def test_the_published_log_probabilities_give_the_published_preferences(reference_path):
    stored = [
        row
        for files in discover(reference_path / "alpaca_eval" / "results")
        for row in read_model(files).annotations
        if row.raw_logprobs and row.credit is not None
    ]
    assert stored
    for row in stored:
        share = exact_share(row.raw_logprobs, M)
        credit = share if model_shown_first(row.instruction) else 1 - share
        assert abs(credit - row.credit) <= 1e-9
