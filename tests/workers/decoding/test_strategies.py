"""What holds for every registered strategy, whoever wrote it, and what each of ours asks of a server."""

from __future__ import annotations

import pytest
import torch

from leaderboard.contracts import conformance
from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.registry import decoding
from tests.workers.decoding.rows import built, cooled, picked, random_rows, settings_of
from workers.decoding.noise import gumbel
from workers.decoding.shells.requests import BEYOND

STORED = {
    "greedy": "36cfff6f1921125fe6a6b5c9e37b6245d4ed416ab6affadca7cd65a14b4ceb39",
    "temperature": "81e8fd7af0c199da042643a1e7491c7f037dcda17208d54bf92761863d1687f0",
    "top-k": "b16783d14aa553a5356886539423f1659a57b162d476a1387ad38a6294036f2c",
    "top-p": "fdcbf1341880071c738810e3ceb5cc28e07e170c9da026c2e5181b4ee22d181d",
    "min-p": "82ec252dac5d0f7c304f1f6a35ef297a23255875048f7cada1365f86a41f2021",
}
"""Fingerprints of default settings as the first release stored them. Never edit one: entries carry them."""

LONGEST_VERSION = 40
"""What the database keeps of a version."""


def of_logits_alone(name):
    """Whether a strategy chooses from one row of logits; searches and hidden states have tests of their own."""
    return not any(hasattr(decoding.get(name), mark) for mark in BEYOND)


NAMES = [name for name in decoding.names() if of_logits_alone(name)]
SAMPLING = [name for name in NAMES if built(name).samples]


@pytest.mark.parametrize(("name", "stored"), STORED.items())
def test_a_stored_fingerprint_stands(name, stored):
    assert decoding.fingerprint(name, decoding.parse(name, {})) == stored


@pytest.mark.parametrize("name", decoding.names())
def test_the_version_of_a_strategy_can_be_stored(name):
    assert len(decoding.get(name).version) <= LONGEST_VERSION


def test_every_strategy_of_one_context_is_tried_here():
    ours = {"penalties", "typical", "epsilon", "eta", "top-h", "top-nsigma", "edt", "mirostat", "chain", *STORED}
    assert ours <= set(NAMES)


@pytest.mark.parametrize("name", decoding.names())
def test_a_strategy_conforms(name):
    conformance.check_plugin(decoding.get(name))
    conformance.check_decoding(decoding.get(name))
    conformance.check_decoding(decoding.get(name), settings_of(name))


@pytest.mark.parametrize("name", [name for name in decoding.names() if not of_logits_alone(name)])
def test_what_reads_more_than_logits_needs_our_own_loop(name):
    assert built(name).needs() == {"loop"}
    with pytest.raises(ValueError, match="only on a model loaded here"):
        built(name).request_fields()


@pytest.mark.parametrize("heat", [1e-3, 1e-4])
@pytest.mark.parametrize("name", SAMPLING)
def test_at_a_temperature_near_0_a_strategy_is_greedy(name, heat):
    logits, history = random_rows(64, seed=3)
    try:
        penalised = built(name, cooled(name, 0.0)).apply(logits, history)
    except InvalidInput:  # one that has no temperature 0 has no penalties either
        penalised = logits
    best = penalised.topk(2).values
    clear = best[:, 0] - best[:, 1] > 0.05
    assert int(clear.sum()) > 40
    scores = built(name, cooled(name, heat)).apply(logits, history).double()
    drawn = (scores + gumbel(torch.arange(64), history.step, logits.shape[1])).argmax(1)
    assert torch.equal(drawn[clear], penalised.argmax(1)[clear])


@pytest.mark.parametrize("name", [name for name in SAMPLING if name in decoding.names()])
def test_at_temperature_0_a_strategy_does_not_sample(name):
    try:
        strategy = built(name, cooled(name, 0.0))
    except InvalidInput:
        return
    assert not strategy.samples


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_treated_alone_as_among_64(name, dtype):
    logits, history = random_rows(64, seed=5, dtype=dtype)
    strategy = built(name)
    together = strategy.apply(logits, history)
    for place in range(64):
        row = slice(place, place + 1)
        assert torch.equal(strategy.apply(logits[row], picked(history, row))[0], together[place])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", NAMES)
def test_a_token_stays_and_the_forbidden_stay_out(name, dtype):
    logits, history = random_rows(256, seed=8, dtype=dtype)
    scores = built(name).apply(logits, history)
    assert scores.dtype == dtype
    assert bool(torch.isfinite(scores).any(1).all())
    assert bool(torch.isneginf(scores[torch.isneginf(logits)]).all())
    sums = scores.double().softmax(1).sum(1)
    assert torch.allclose(sums, torch.ones_like(sums), atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_one_allowed_token_is_always_taken(name):
    logits, history = random_rows(8)
    logits[:] = float("-inf")
    logits[torch.arange(8), torch.arange(8)] = -3.0
    assert built(name).apply(logits, history).argmax(1).tolist() == list(range(8))


@pytest.mark.parametrize("name", NAMES)
def test_settings_come_back_from_storage(name):
    settings = decoding.parse(name, settings_of(name))
    assert decoding.parse(name, settings.canonical()) == settings
