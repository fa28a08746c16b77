"""Mirostat in the decode loop, on a pebble model: its past is right, though the strategy holds none."""

from __future__ import annotations

import math

import pytest
import torch

from leaderboard.contracts.registry import decoding, generators
from leaderboard.contracts.values import DecodingChoice, GenerationRequest, Message
from workers.decoding.noise import gumbel, row_key

PROMPTS = ("What is 2 + 3?", "Say hello to Ann.", "Sort: 3 1 2.", "Count to five.")
NEW = 16


@pytest.fixture(scope="module")
def pebble():
    return generators.build("transformers", {"model": "pebble-s", "device": "cpu", "dtype": "float32"})


def request(prompt, tau, rate):
    chosen = decoding.parse("mirostat", {"tau": tau, "rate": rate, "max_new_tokens": NEW})
    choice = DecodingChoice("mirostat", chosen.canonical())
    return GenerationRequest(f"{prompt} {tau}", (Message("user", prompt),), choice, noise_key=prompt, sample=3)


def mirostat_by_hand(pebble, one, tau, rate):
    """Token by token: a whole forward pass, the cut, the draw, and the update of μ."""
    ids = list(pebble._encode(one.messages))
    start, mu, key = len(ids), 2 * tau, row_key(one.seed, one.noise_key, one.sample)
    while len(ids) - start < NEW and ids[-1] != pebble.tokenizer.eos_token_id:
        with torch.inference_mode():
            logits = pebble.model(torch.tensor([ids])).logits[0, -1].double()
        bits = logits.log_softmax(-1) / -math.log(2)
        allowed = (bits <= mu) | (bits == bits.min())
        scores = logits.masked_fill(~allowed, float("-inf"))
        noise = gumbel(torch.tensor([key]), torch.tensor([len(ids) - start]), len(logits))[0]
        ids.append(int((scores + noise).argmax()))
        mu -= rate * (-float(scores.log_softmax(-1)[ids[-1]]) / math.log(2) - tau)
    return pebble.tokenizer.decode(ids[start:], skip_special_tokens=True)


def test_mirostat_in_the_loop_is_mirostat_by_hand(pebble):
    requests = {(prompt, tau): request(prompt, tau, 0.5) for prompt in PROMPTS for tau in (0.3, 1.0, 2.0)}
    made = {one.key: one.text for one in pebble.generate(list(requests.values()))}
    for (_, tau), one in requests.items():
        assert made[one.key] == mirostat_by_hand(pebble, one, tau, 0.5)


def test_the_past_matters_to_what_is_drawn(pebble):
    ones = [request(prompt, 0.3, 0.5) for prompt in PROMPTS]
    frozen = [mirostat_by_hand(pebble, one, 0.3, 0.0) for one in ones]
    assert frozen != [mirostat_by_hand(pebble, one, 0.3, 0.5) for one in ones]
