"""Beam search against transformers' own, and where the two part."""

from __future__ import annotations

import math

import pytest
import torch

from leaderboard.contracts.registry import benchmarks, decoding, generators
from leaderboard.contracts.values import DecodingChoice, GenerationRequest, Message
from tests.workers.generators.tiny import END, PROMPTS, decode, ids_of, tiny, waiting

NEW = 12
MORE = [*PROMPTS, (11, 3), (40,), (22, 8, 31), (17, 17)]


@pytest.mark.parametrize("power", [1.0, 0.0, 2.0, -0.5])
@pytest.mark.parametrize("beams", [1, 2, 4, 7])
def test_it_equals_transformers_beam_search(beams, power):
    strategy = decoding.build("beam", {"max_new_tokens": NEW, "beams": beams, "length_penalty": power})
    made = decode([waiting(str(i), ids, strategy) for i, ids in enumerate(MORE)])
    for i, ids in enumerate(MORE):
        theirs = tiny().generate(
            torch.tensor([ids]), max_new_tokens=NEW, num_beams=beams, length_penalty=power, do_sample=False,
            early_stopping=False, pad_token_id=0,
        )[0]  # fmt: skip
        new = theirs[len(ids) :].tolist()
        assert ids_of(made[str(i)]) == (new[: new.index(END)] if END in new else new)


def test_it_equals_transformers_beam_search_on_a_trained_model():
    generator = generators.build("transformers", {"model": "pebble-s", "device": "cpu"})
    choice = DecodingChoice("beam", {"max_new_tokens": 48})
    asked = [(Message("user", item.text),) for item in benchmarks.build("pebble-tasks", {}).load().items[::12]]
    made = generator.generate([GenerationRequest(str(i), ask, choice, "n") for i, ask in enumerate(asked)])
    for one in made:
        ids = generator._encode(asked[int(one.key)])
        theirs = generator.model.generate(torch.tensor([ids]), max_new_tokens=48, num_beams=4, do_sample=False)[0]
        assert one.text == generator.tokenizer.decode(theirs[len(ids) :], skip_special_tokens=True)


def test_one_beam_is_greedy():
    beam = decoding.build("beam", {"max_new_tokens": NEW, "beams": 1})
    greedy = decoding.build("greedy", {"max_new_tokens": NEW})
    for ids in PROMPTS:
        made = decode([waiting("a", ids, beam), waiting("b", ids, greedy)])
        assert made["a"].text == made["b"].text
        assert made["a"].logprob == pytest.approx(made["b"].logprob, abs=1e-4)


def test_all_texts_within_reach_give_the_likeliest_of_all():
    """With as many beams as tokens, two steps look at every text of two tokens."""
    strategy = decoding.build("beam", {"max_new_tokens": 2, "beams": 50, "length_penalty": 0.0})
    made = decode([waiting("a", PROMPTS[0], strategy)])["a"]
    with torch.inference_mode():
        first = tiny()(torch.tensor([PROMPTS[0]])).logits[0, -1].log_softmax(-1)
        both = tiny()(torch.tensor([[*PROMPTS[0], v] for v in range(50)])).logits[:, -1].log_softmax(-1)
    texts = {(v, w): float(first[v] + both[v, w]) for v in range(50) if v != END for w in range(50)}
    texts[END,] = float(first[END])
    best = max(texts, key=texts.__getitem__)
    assert ids_of(made) == [token for token in best if token != END]
    assert made.logprob == pytest.approx(texts[best], abs=1e-4)


def test_a_penalty_acts_on_logits_as_for_other_strategies_and_the_log_probability_is_told_without_it():
    beam = decoding.build("beam", {"max_new_tokens": NEW, "beams": 1, "repetition_penalty": 1.5})
    greedy = decoding.build("greedy", {"max_new_tokens": NEW, "repetition_penalty": 1.5})
    for ids in PROMPTS:
        made = decode([waiting("a", ids, beam), waiting("b", ids, greedy)])
        assert made["a"].text == made["b"].text
        assert math.isclose(made["a"].logprob, made["b"].logprob, abs_tol=1e-4)


def test_label():
    assert decoding.build("beam", {}).label == "beam 4 · λ 1"
    assert decoding.build("beam", {"repetition_penalty": 1.1}).label == "beam 4 · λ 1 · rep 1.1"


def test_no_request_can_ask_for_it():
    with pytest.raises(ValueError, match="only on a model loaded here"):
        decoding.build("beam", {}).request_fields()
