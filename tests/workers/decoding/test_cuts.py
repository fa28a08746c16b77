"""The cuts and the changing temperatures against transformers' warpers, slow loops and their own rules."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import EpsilonLogitsWarper, EtaLogitsWarper, TopHLogitsWarper, TypicalLogitsWarper

from workers.decoding import samplers

rows = st.lists(st.floats(-20, 20, width=32), min_size=4, max_size=150).map(lambda row: torch.tensor([row]))
shares = st.floats(0.02, 0.98)

CUTS = {
    "typical": samplers.typical,
    "epsilon": samplers.epsilon,
    "eta": samplers.eta,
    "top_h": samplers.top_h,
    "top_n_sigma": samplers.top_n_sigma,
}
WARPERS = {
    "typical": TypicalLogitsWarper,
    "epsilon": EpsilonLogitsWarper,
    "eta": EtaLogitsWarper,
    "top_h": TopHLogitsWarper,
}


def kept(logits):
    return torch.isfinite(logits)


def distinct(logits):
    """Ties at an edge may be cut either way; distinct logits leave one answer."""
    return logits.double() + torch.arange(logits.shape[1]) * 1e-3


@pytest.mark.parametrize("name", WARPERS)
@settings(deadline=None, max_examples=60)
@given(logits=rows, share=shares)
def test_a_cut_keeps_what_transformers_keeps(name, logits, share):
    logits = distinct(logits)
    theirs = kept(WARPERS[name](share)(None, logits.clone()))
    assert torch.equal(kept(CUTS[name](logits, share)), theirs)


@pytest.mark.parametrize("name", CUTS)
@settings(deadline=None, max_examples=40)
@given(logits=rows, share=st.floats(0.0, 1.0), forbidden=st.integers(0, 3), wide=st.booleans())
def test_a_cut_only_takes_away_and_leaves_a_token(name, logits, share, forbidden, wide):
    logits = logits.to(torch.float32 if wide else torch.bfloat16)
    logits[:, :forbidden] = float("-inf")
    cut = CUTS[name](logits, share)
    assert bool(kept(cut).any())
    assert torch.equal(cut[kept(cut)], logits[kept(cut)])
    assert not bool(kept(cut)[:, :forbidden].any())


@pytest.mark.parametrize("name", CUTS)
def test_bfloat16_logits_are_cut_as_the_same_numbers_in_float32(name):
    logits = (torch.randn(64, 800, generator=torch.Generator().manual_seed(6)) * 2).bfloat16()
    for share in (0.003, 0.3, 0.9):
        assert torch.equal(kept(CUTS[name](logits, share)), kept(CUTS[name](logits.float(), share)))


@pytest.mark.parametrize("name", ["epsilon", "eta", "top_h", "top_n_sigma"])
@settings(deadline=None, max_examples=40)
@given(logits=rows, share=st.floats(0.0, 1.0))
def test_a_cut_by_likelihood_keeps_no_token_below_one_that_goes(name, logits, share):
    logits = distinct(logits)
    stays = kept(CUTS[name](logits, share))
    assert stays.all() or float(logits[stays].min()) > float(logits[~stays].max())


def test_typical_can_drop_the_likeliest_token():
    logits = torch.tensor([[0.4, 0.15, 0.15, 0.15, 0.15]]).log()
    assert kept(samplers.typical(logits, 0.2)).tolist() == [[False, True, True, True, True]]


def test_a_whole_mass_keeps_every_allowed_token():
    noise = torch.randn(50, 900, generator=torch.Generator().manual_seed(2)) * 3
    logits = torch.cat([noise, torch.full((50, 5), -60.0)], dim=1)
    assert torch.equal(samplers.typical(logits, 1.0), logits)
    few = torch.cat([noise[:, :90], torch.full((50, 5), -60.0)], dim=1)
    assert torch.equal(samplers.top_h(few, 1.0), few)


def test_top_h_looks_at_the_hundred_likeliest_tokens_alone():
    logits = torch.arange(150.0)[None, :] / 100
    assert kept(samplers.top_h(logits, 1.0)).tolist() == [[i >= 50 for i in range(150)]]


def test_top_h_keeps_the_lowest_ids_of_equal_tokens():
    assert kept(samplers.top_h(torch.zeros(1, 8), 0.55)).tolist() == [[True] * 4 + [False] * 4]


def test_eta_is_epsilon_where_the_model_is_sure_and_looser_where_it_is_not():
    sure, unsure = torch.tensor([[0.97, 0.02, 0.01]]).log(), torch.zeros(1, 60)
    unsure[0, 0] = -1.0
    assert torch.equal(samplers.eta(sure, 0.015), samplers.epsilon(sure, 0.015))
    assert kept(samplers.epsilon(unsure, 0.015)).sum() == 59
    assert kept(samplers.eta(unsure, 0.015)).sum() == 60


@settings(deadline=None, max_examples=40)
@given(rows, st.floats(0.1, 3.0), st.floats(0.2, 5.0))
def test_top_n_sigma_keeps_the_same_at_any_temperature(logits, n, heat):
    logits = distinct(logits)
    spread = float(logits.std(correction=0))
    edge = (logits.max() - n * spread - logits).abs() < 1e-9
    cold, hot = kept(samplers.top_n_sigma(logits, n)), kept(samplers.top_n_sigma(logits / heat, n))
    assert torch.equal(cold | edge, hot | edge)


def test_top_n_sigma_counts_allowed_tokens_alone():
    logits = torch.tensor([[4.0, 2.0, 0.0, float("-inf")]])
    assert kept(samplers.top_n_sigma(logits, 1.0)).tolist() == [[True, False, False, False]]
    assert kept(samplers.top_n_sigma(logits, 1.3)).tolist() == [[True, True, False, False]]


@settings(deadline=None, max_examples=60)
@given(rows, st.floats(0.01, 2.0), st.floats(0.0, 5.0))
def test_edt_stays_between_its_bounds_and_gives_its_formula(logits, t0, theta):
    logits = logits.double()
    p = logits.softmax(-1)[0].tolist()
    spread = -sum(x * math.log(x) for x in p if x > 0)
    heat = float(samplers.edt_temperature(samplers.entropy(logits.softmax(-1)), t0, theta))
    assert min(t0, samplers.COLDEST) <= heat <= max(t0, samplers.COLDEST)
    if spread > 1e-5:
        assert heat == pytest.approx(max(t0 * 0.8 ** (theta / spread), samplers.COLDEST), rel=1e-9)


def test_edt_takes_the_likeliest_token_where_the_model_is_certain():
    logits = torch.tensor([[50.0, 0.0, 1.0], [1.0, 1.0, -60.0]])
    assert kept(samplers.edt(logits, 1.0, 0.1)).tolist() == [[True, False, False], [True, True, True]]


def test_edt_without_theta_is_a_plain_temperature():
    logits = torch.randn(4, 30, generator=torch.Generator().manual_seed(3)).double()
    assert torch.allclose(samplers.edt(logits, 0.7, 0.0), samplers.temperature(logits, 0.7))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=30), st.floats(-2, 2))
def test_presence_and_frequency_count_the_known_ids(past, amount):
    ids, known = torch.tensor([[i for i, _ in past]]), torch.tensor([[k for _, k in past]])
    logits = torch.randn(1, 10, generator=torch.Generator().manual_seed(1))
    counts = [sum(k and i == token for i, k in past) for token in range(10)]
    presence = [float(z) - amount * (count > 0) for z, count in zip(logits[0], counts, strict=True)]
    frequency = [float(z) - amount * count for z, count in zip(logits[0], counts, strict=True)]
    assert samplers.presence_penalty(logits, ids, known, amount)[0].tolist() == pytest.approx(presence, abs=1e-5)
    assert samplers.frequency_penalty(logits, ids, known, amount)[0].tolist() == pytest.approx(frequency, abs=1e-4)


def test_mirostat_keeps_tokens_up_to_its_bound_in_bits():
    logits = torch.tensor([[0.5, 0.25, 0.125, 0.125]]).log().double()
    assert kept(samplers.mirostat(logits, torch.tensor([[2.5]]))).tolist() == [[True, True, False, False]]
    assert kept(samplers.mirostat(logits, torch.tensor([[-1.0]]))).tolist() == [[True, False, False, False]]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 20), max_size=40), st.floats(0.5, 10), st.floats(0, 1))
def test_the_bound_of_mirostat_is_what_updating_it_token_by_token_gives(surprises, target, rate):
    mu = 2 * target
    for surprise in surprises:
        mu -= rate * (surprise - target)
    total, steps = torch.tensor([sum(surprises)]).double(), torch.tensor([len(surprises)])
    assert float(samplers.mirostat_bound(total, steps, target, rate)) == pytest.approx(mu, abs=1e-4)
