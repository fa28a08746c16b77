"""KLD against a slow implementation that reads both texts anew for every token and works on one number at a time."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.registry import decoding, generators
from leaderboard.contracts.values import DecodingChoice, GenerationRequest, Message
from tests.workers.decoding.rows import picked, random_rows
from tests.workers.generators.tiny import PROMPTS, Digits, decode, ids_of, tiny, waiting
from workers.decoding.evidence import with_evidence, without_evidence
from workers.decoding.history import History
from workers.decoding.kld import EvidenceHistory, divergence
from workers.decoding.noise import gumbel, row_key
from workers.generators.decode_loop import DecodeLoop

NEW = 14
ASKED = (
    "Repeat this word: <evidence>maple</evidence>",
    "What is <evidence>7 + 5</evidence>?",
    "Sort these numbers: <evidence>9 3 5</evidence>.",
    "What is 7 + 5?",
)


@pytest.fixture(scope="module")
def pebble():
    return generators.build("transformers", {"model": "pebble-s", "device": "cpu", "dtype": "float32"})


def said(text):
    return (Message("user", text),)


def request(text, sample=0, **params):
    chosen = decoding.parse("kld", {"max_new_tokens": NEW, **params})
    key = f"{text} {sample} {sorted(params.items())}"
    return GenerationRequest(key, said(text), DecodingChoice("kld", chosen.canonical()), f"n {text}", sample)


def chances(logits):
    top = max(logits)
    parts = [math.exp(z - top) for z in logits]
    return [part / math.fsum(parts) for part in parts]


def slow_divergence(here, there):
    pairs = [(max(p, 1e-7), max(q, 1e-7)) for p, q in zip(chances(here), chances(there), strict=True)]
    return max(0.0, math.fsum(p * math.log(p / q) for p, q in pairs))


def last_logits(model, ids):
    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0, -1].tolist()


def slow_kld(model, ids, without, params, key, end):
    """New ids, and the temperature of each step. No cache, no batch."""
    ids, without, made, heats = list(ids), list(without), [], []
    while len(made) < params["max_new_tokens"] and made[-1:] != [end]:
        here, there = last_logits(model, ids), last_logits(model, without)
        heats.append(max(1e-3, params["temperature"] * 2 ** (-slow_divergence(here, there) / params["sigma"])))
        for token in set(ids):
            here[token] *= params["repetition_penalty"] ** (-1 if here[token] > 0 else 1)
        noise = gumbel(torch.tensor([key]), torch.tensor([len(made)]), len(here))[0].tolist()
        scores = [z / heats[-1] + g for z, g in zip(here, noise, strict=True)]
        made.append(scores.index(max(scores)))
        ids.append(made[-1])
        without.append(made[-1])
    return made, heats


def slow_text(pebble, one):
    ids, without = (pebble._encode(change(one.messages)) for change in (with_evidence, without_evidence))
    key, end = row_key(one.seed, one.noise_key, one.sample), pebble.tokenizer.eos_token_id
    made, heats = slow_kld(pebble.model, ids, without, one.decoding.params, key, end)
    return pebble.tokenizer.decode(made, skip_special_tokens=True), heats


def test_a_batch_equals_the_slow_implementation_row_by_row(pebble):
    asks = [
        request(text, sample, temperature=heat, sigma=sigma, repetition_penalty=penalty)
        for text in ASKED
        for sample in (0, 1)
        for heat, sigma, penalty in ((1.5, 0.5, 1.0), (2.5, 3.0, 1.3))
    ]
    made = {one.key: one.text for one in pebble.generate(asks)}
    slow = {one.key: slow_text(pebble, one) for one in asks}
    assert made == {key: text for key, (text, _) in slow.items()}
    cooled = [
        min(heats) < 0.9 * one.decoding.params["temperature"]
        for one, (_, heats) in zip(asks, slow.values(), strict=True)
    ]
    assert any(cooled), "evidence that the model heeds must cool some step"


def test_without_evidence_it_is_the_plain_temperature(pebble):
    params = {"max_new_tokens": NEW, "temperature": 1.7}
    for text in (ASKED[3], "Say hello to Ann."):
        one = request(text, **params)
        plain = replace(one, key="plain", decoding=DecodingChoice("temperature", params))
        made = {each.key: each.text for each in pebble.generate([one, plain])}
        assert made[one.key] == made["plain"]


@pytest.mark.parametrize("heat", [0.0, 1e-6])
def test_a_tiny_temperature_is_greedy_over_the_prompt_with_its_evidence(pebble, heat):
    for text in ASKED:
        one = request(text, temperature=heat, repetition_penalty=1.2)
        params = {"max_new_tokens": NEW, "repetition_penalty": 1.2}
        greedy = replace(one, key="g", messages=with_evidence(one.messages), decoding=DecodingChoice("greedy", params))
        made = {each.key: each.text for each in pebble.generate([one, greedy])}
        assert made[one.key] == made["g"]


def asks_of(name="kld", **params):
    """Every prompt with another as its context without evidence, each with two samples."""
    built = decoding.build(name, {"max_new_tokens": NEW, **params})
    return [
        replace(waiting(f"{name}/{i}/{s}/{params}", ids, built, s), without=PROMPTS[i - 1])
        for i, ids in enumerate(PROMPTS)
        for s in (0, 1)
    ]


def others():
    return [
        waiting(f"{name}/{i}", ids, (name, {"max_new_tokens": NEW}))
        for name in ("temperature", "beam", "greedy", "dola", "mirostat")
        for i, ids in enumerate(PROMPTS)
    ]


@pytest.mark.parametrize("limit", [1, 2, 5, 64])
def test_an_output_alone_is_that_from_a_batch_with_other_configurations(limit):
    asks = [*asks_of(temperature=2.0, sigma=0.5), *asks_of(temperature=0.8, sigma=4.0)]
    together = decode([*asks, *others()], limit)
    for ask in asks:
        alone = decode([ask])[ask.request.key]
        assert (alone.text, alone.finish_reason) == (
            together[ask.request.key].text,
            together[ask.request.key].finish_reason,
        )


def test_random_models_agree_with_the_slow_implementation():
    asks = asks_of(temperature=2.0, sigma=0.5)
    made = decode([*asks, *others()], 7)
    for ask in asks:
        params, key = ask.strategy.params.canonical(), row_key(0, ask.request.noise_key, ask.request.sample)
        slow, _ = slow_kld(tiny(), ask.ids, ask.without, params, key, Digits.eos_token_id)
        assert ids_of(made[ask.request.key]) == [token for token in slow if token != Digits.eos_token_id]


def test_one_prompt_in_two_contexts_is_two_outputs():
    """Rows of one strategy and one prompt, whose contexts without evidence differ, must not share a choice."""
    built = decoding.build("kld", {"max_new_tokens": NEW, "temperature": 2.0, "sigma": 0.05})
    asks = [replace(waiting(f"{i}", PROMPTS[0], built), without=ids) for i, ids in enumerate((None, *PROMPTS[1:]))]
    made = decode(asks)
    assert len({one.text for one in made.values()}) > 1
    assert {key: one.text for key, one in made.items()} == {
        ask.request.key: decode([ask])[ask.request.key].text for ask in asks
    }


def test_a_prompt_without_evidence_costs_one_pass_a_token():
    (ask,) = [waiting("a", PROMPTS[0], ("kld", {"max_new_tokens": NEW}))]
    counts = []
    for each in (ask, replace(ask, without=PROMPTS[1])):
        loop = DecodeLoop(tiny(), Digits(), 8)
        (made,) = loop.run([each])
        counts.append((loop.figures.positions / (made.output_tokens - 1), each.branches))
    assert counts == [(1.0, 1), (2.0, 2)]


def test_a_prompt_that_is_all_evidence_is_an_error_where_no_text_is_left(pebble):
    template, pebble.tokenizer.chat_template = pebble.tokenizer.chat_template, None
    try:
        with pytest.raises(ValueError, match="nothing but evidence"):
            list(pebble.generate([request("<evidence>All of it</evidence>")]))
    finally:
        pebble.tokenizer.chat_template = template


LOGITS = st.lists(st.floats(-60, 60, width=32), min_size=5, max_size=5)


@given(LOGITS, LOGITS)
def test_divergence_is_that_of_the_definition(here, there):
    ours = divergence(torch.tensor([here]), torch.tensor([there]))[0]
    assert float(ours) == pytest.approx(slow_divergence(here, there), abs=1e-9)
    assert float(divergence(torch.tensor([here]), torch.tensor([here]))[0]) == 0.0


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1000), st.floats(0.01, 10), st.floats(1e-3, 1e3), st.booleans())
def test_rows_are_treated_alone_and_tokens_stay(seed, heat, sigma, wide):
    dtype = torch.float32 if wide else torch.bfloat16
    logits, past = random_rows(8, seed, dtype)
    other, _ = random_rows(8, seed + 1, dtype)
    built = decoding.build("kld", {"temperature": heat, "sigma": sigma, "repetition_penalty": 1.2})
    together = built.apply(logits, EvidenceHistory(**vars(past), without=other))
    assert bool(together.isfinite().any(1).all())
    assert bool(together.isneginf()[logits.isneginf()].all())
    for place in range(8):
        row = slice(place, place + 1)
        alone = EvidenceHistory(**vars(picked(past, row)), without=other[row])
        assert torch.equal(built.apply(logits[row], alone)[0], together[place])


def test_evidence_for_another_answer_halves_the_temperature_at_sigma():
    here, there = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    sigma = float(divergence(here, there)[0])
    past = torch.zeros(1, 1, dtype=torch.long)
    history = EvidenceHistory(past, past.bool(), past[0], past[0], without=there)
    scores = decoding.build("kld", {"temperature": 1.0, "sigma": sigma}).apply(here, history)
    assert scores[0].tolist() == pytest.approx([0.0, -4.0])


def test_without_a_second_context_it_says_what_is_missing():
    past = torch.zeros(1, 1, dtype=torch.long)
    with pytest.raises(ValueError, match="logits without the evidence"):
        decoding.build("kld", {}).apply(torch.zeros(1, 5), History(past, past.bool(), past[0], past[0]))


def test_no_request_can_ask_for_it():
    with pytest.raises(ValueError, match="only on a model loaded here"):
        decoding.build("kld", {}).request_fields()


@pytest.mark.parametrize("params", [{"sigma": 0}, {"sigma": -1}, {"temperature": -1}])
def test_bad_settings_are_refused(params):
    with pytest.raises(InvalidInput):
        decoding.build("kld", params)


@pytest.mark.parametrize(
    ("params", "label"),
    [
        ({}, "KLD T 1 · σ 1"),
        ({"temperature": 1.5, "sigma": 2, "repetition_penalty": 1.1}, "KLD T 1.5 · σ 2 · rep 1.1"),
        ({"temperature": 0}, "greedy"),
    ],
)
def test_label(params, label):
    assert decoding.build("kld", params).label == label
