"""min-p means the same in both orders once it is translated."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.contracts.registry import decoding
from workers.decoding import samplers
from workers.decoding.orders import cut_after_heat, cut_before_heat, fields_for_late_heat

rows = st.lists(st.floats(-20, 20, width=32), min_size=4, max_size=40).map(lambda row: torch.tensor([row]).double())
bases, heats = st.floats(0.01, 0.9), st.floats(0.3, 4.0)


def away_from(logits, base, heat):
    """False on tokens so near the edge that rounding decides."""
    share = (logits - logits.amax()) / heat
    return (share - torch.tensor(base).double().log()).abs() > 1e-9


@settings(deadline=None, max_examples=100)
@given(rows, bases, heats)
def test_a_backend_that_heats_last_draws_from_the_same_distribution(logits, base, heat):
    ours = samplers.min_p(samplers.temperature(logits, heat), base)
    theirs = samplers.temperature(samplers.min_p(logits, cut_before_heat(base, heat)), heat)
    clear = away_from(logits, base, heat)
    assert torch.equal(torch.isfinite(ours)[clear], torch.isfinite(theirs)[clear])
    if bool(clear.all()):
        assert torch.allclose(ours.softmax(-1), theirs.softmax(-1), atol=1e-12)


@settings(deadline=None, max_examples=100)
@given(bases, heats)
def test_there_and_back_is_the_same_cut(base, heat):
    assert cut_after_heat(cut_before_heat(base, heat), heat) == pytest.approx(base, rel=1e-9)
    assert cut_before_heat(cut_after_heat(base, heat), heat) == pytest.approx(base, rel=1e-9)


@pytest.mark.parametrize("base", [0.0, 1.0])
@pytest.mark.parametrize("heat", [0.5, 3.0])
def test_no_cut_and_the_whole_cut_are_the_same_in_both_orders(base, heat):
    assert cut_before_heat(base, heat) == base
    assert cut_after_heat(base, heat) == base


def test_at_temperature_1_the_order_does_not_matter():
    assert cut_before_heat(0.1, 1.0) == 0.1


@pytest.mark.parametrize("translate", [cut_before_heat, cut_after_heat])
def test_what_has_no_other_order_is_refused(translate):
    with pytest.raises(ValueError, match=r"^min-p lies between 0 and 1, not 1\.5\.$"):
        translate(1.5, 1.0)
    with pytest.raises(ValueError, match=r"^min-p has no other order at temperature 0; .* must be above 0\.$"):
        translate(0.1, 0.0)


def sent(name, **settings):
    return fields_for_late_heat(decoding.build(name, settings).request_fields())


def test_a_server_that_heats_last_is_sent_the_translated_cut():
    assert sent("min-p", min_p=0.1, temperature=3.0)["extra_body"]["min_p"] == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("min-p", {"min_p": 0.1, "temperature": 1.0}),
        ("top-p", {"p": 0.9, "temperature": 1.0}),
        ("top-k", {"k": 5, "temperature": 2.0}),
        ("temperature", {"temperature": 2.0}),
        ("greedy", {"repetition_penalty": 1.2}),
    ],
)
def test_what_needs_no_translation_is_sent_as_it_is(name, given):
    assert sent(name, **given) == decoding.build(name, given).request_fields()


def test_a_top_p_that_a_server_of_the_other_order_cannot_have_is_refused():
    with pytest.raises(
        ValueError, match=r"^A server that heats last has no top-p that equals .* at temperature 1\.5\.$"
    ):
        sent("top-p", p=0.9, temperature=1.5)
