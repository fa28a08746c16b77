"""Samplers against the reference cases, transformers' own warpers, and their own rules."""

from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LogitsProcessorList, MinPLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from workers.decoding import samplers
from workers.decoding.noise import gumbel, row_key, uniform

rows = st.lists(st.floats(-20, 20, width=32), min_size=4, max_size=40).map(lambda row: torch.tensor([row]))


def kept(logits):
    return torch.isfinite(logits)


@settings(deadline=None, max_examples=60)
@given(rows, st.floats(0.05, 0.95))
def test_top_p_keeps_what_transformers_keeps(logits, p):
    # Ties at the edge may be cut either way; distinct logits leave one answer.
    logits = logits + torch.arange(logits.shape[1]) * 1e-3
    theirs = LogitsProcessorList([TopPLogitsWarper(p)])(None, logits.clone())
    ours = samplers.top_p(logits, p)
    mass = logits.softmax(-1)
    disagree = kept(ours) != kept(theirs)
    assert float(mass[disagree].sum()) < 1e-5


@settings(deadline=None, max_examples=60)
@given(rows, st.integers(1, 10))
def test_top_k_keeps_what_transformers_keeps(logits, k):
    assert torch.equal(kept(samplers.top_k(logits, k)), kept(TopKLogitsWarper(k)(None, logits.clone())))


@settings(deadline=None, max_examples=60)
@given(rows, st.floats(0.01, 0.9), st.floats(0.5, 4.0))
def test_temperature_then_b_is_b_to_the_t_then_temperature(logits, b, heat):
    first = kept(samplers.min_p(samplers.temperature(logits.double(), heat), b))
    second = kept(samplers.min_p(logits.double(), b**heat))
    share = (logits.double().softmax(-1) / logits.double().softmax(-1).amax()) ** (1 / heat)
    edge = (share - b).abs() < 1e-6
    assert torch.equal(first | edge, second | edge)


@settings(deadline=None, max_examples=40)
@given(rows, st.floats(0.01, 0.9))
def test_min_p_keeps_what_transformers_keeps(logits, b):
    share = logits.softmax(-1) / logits.softmax(-1).amax()
    edge = (share - b).abs() < 1e-5
    theirs = kept(MinPLogitsWarper(b)(None, logits.clone()))
    assert torch.equal(kept(samplers.min_p(logits, b)) | edge, theirs | edge)


def test_repetition_penalty_counts_each_known_id_once():
    logits = torch.tensor([[2.0, -2.0, 1.0, 0.5]])
    ids, known = torch.tensor([[3, 0, 1, 1]]), torch.tensor([[False, True, True, True]])
    assert samplers.repetition_penalty(logits, ids, known, 2.0).tolist() == [[1.0, -4.0, 1.0, 0.5]]


def penalised(logits, penalty, history):
    ids = torch.tensor([history])
    return samplers.repetition_penalty(logits, ids, torch.ones_like(ids, dtype=torch.bool), penalty)


REFERENCE = {
    "temperature": (samplers.temperature, ("T",)),
    "top_k": (samplers.top_k, ("k",)),
    "top_p": (samplers.top_p, ("p",)),
    "min_p": (samplers.min_p, ("base",)),
    "epsilon": (samplers.epsilon, ("epsilon",)),
    "eta": (samplers.eta, ("epsilon",)),
    "typical": (samplers.typical, ("mass",)),
    "top_n_sigma": (samplers.top_n_sigma, ("n",)),
    "edt": (samplers.edt, ("T0", "theta", "N")),
    "repetition_penalty": (penalised, ("penalty", "history")),
}
"""The methods and their settings, by the names that the file of cases gives them."""

ELSEWHERE = {"kld", "dola"}
"""Methods that need a second context or hidden states; their own tests read these cases."""


def as_reference(logits, method, given):
    """Our logits for a method of the cases; "a_then_b" is a and then b, each with the settings it names."""
    for part in method.split("_then_"):
        run, names = REFERENCE[part]
        logits = run(logits, *(given[name] for name in names))
    return logits


def reference_cases(folder):
    for case in json.loads((folder / "decoding" / "sampler_cases.json").read_text(encoding="utf-8")):
        logits = torch.tensor([case["logits"]], dtype=torch.float64)
        for expected in case["expect"]:
            if expected["method"] not in ELSEWHERE:
                yield case["id"], logits, expected


@pytest.mark.reference
def test_every_reference_case_has_the_published_probabilities(reference_path):
    cases = list(reference_cases(reference_path))
    assert cases
    for name, logits, expected in cases:
        ours = as_reference(logits, expected["method"], expected["params"]).softmax(-1)
        wanted = torch.tensor([expected["probs"]], dtype=torch.float64)
        assert torch.allclose(ours, wanted, atol=2e-6), (name, expected["method"], expected["params"])


@pytest.mark.reference
def test_every_reference_case_with_an_entropy_has_it_and_its_temperature(reference_path):
    cases = [case for case in reference_cases(reference_path) if "entropy" in case[2]]
    assert cases
    for name, logits, expected in cases:
        settings = [expected["params"][key] for key in ("T0", "theta", "N")]
        assert float(samplers.entropy(logits.softmax(-1))) == pytest.approx(expected["entropy"], abs=2e-6), name
        heat = float(samplers.edt_temperature(samplers.entropy(logits.softmax(-1)), *settings))
        assert heat == pytest.approx(expected["temperature"], rel=1e-4, abs=1e-6), (name, settings)


def test_noise_draws_from_the_softmax():
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0]).double()
    keys = torch.tensor([row_key(0, "p", sample) for sample in range(20_000)])
    drawn = (logits + gumbel(keys, torch.zeros_like(keys), 4)).argmax(1)
    found = torch.bincount(drawn, minlength=4) / len(keys)
    assert torch.allclose(found.double(), logits.softmax(0), atol=0.012)


def test_noise_is_uniform_and_depends_on_its_cell_alone():
    keys = torch.arange(500) * 7919
    steps = torch.arange(500) % 5
    cells = uniform(keys, steps, 64)
    assert float(cells.min()) > 0
    assert float(cells.max()) < 1
    assert cells.mean().item() == pytest.approx(0.5, abs=0.01)
    assert torch.equal(uniform(keys[[42]], steps[[42]], 64)[0], cells[42])
