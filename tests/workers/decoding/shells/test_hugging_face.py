"""The shell for transformers' `generate`, on a pebble model."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from leaderboard.contracts.registry import decoding
from tests.conftest import ROOT
from tests.workers.decoding.rows import built, random_rows
from workers.decoding.history import History, surprise_of
from workers.decoding.shells.hugging_face import StrategyProcessor, generate_settings

PROMPTS = ("What is 2 + 3?", "Say hello to Ann, please, and then count to five.")
CHOICES = {
    "greedy": {"repetition_penalty": 1.3},
    "typical": {"mass": 0.8, "temperature": 1.5},
    "edt": {"t0": 1.2, "theta": 0.4},
    "top-nsigma": {"n": 1.5, "temperature": 2.0},
    "mirostat": {"tau": 1.5, "rate": 0.4, "temperature": 2.0},
    "chain": {
        "steps": ["repetition-penalty 1.2", "presence-penalty 0.5", "temperature 1.5", "top-h 0.8", "min-p 0.02"]
    },
    "penalties": {"presence_penalty": 2.0, "frequency_penalty": 0.5, "temperature": 5.0},
}


@pytest.fixture(scope="module")
def pebble():
    folder = ROOT / "models" / "pebble-s"
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval(), tokenizer


def encoded(tokenizer):
    turns = [[{"role": "user", "content": prompt}] for prompt in PROMPTS]
    texts = [tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True) for turn in turns]
    return tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False, return_token_type_ids=False)


def replayed(strategy, given, result):
    """The strategy's own logits at each step, from the model's logits and the ids that `generate` chose."""
    width, surprise = given.input_ids.shape[1], torch.zeros(len(PROMPTS), dtype=torch.float64)
    for step, logits in enumerate(result.logits):
        ids = result.sequences[:, : width + step]
        known = torch.cat([given.attention_mask.bool(), torch.ones(len(PROMPTS), step, dtype=torch.bool)], dim=1)
        steps = torch.full((len(PROMPTS),), step)
        scores = strategy.apply(logits, History(ids, known, given.attention_mask.sum(1), steps, surprise))
        surprise = surprise + surprise_of(scores, result.sequences[:, width + step])
        yield scores


@pytest.mark.parametrize("name", CHOICES)
def test_generate_draws_from_what_the_strategy_gives(pebble, name):
    model, tokenizer = pebble
    strategy = decoding.build(name, {**CHOICES[name], "max_new_tokens": 12})
    given = encoded(tokenizer)
    torch.manual_seed(4)
    result = model.generate(
        **given,
        **generate_settings(strategy),
        logits_processor=[StrategyProcessor(strategy, given.attention_mask)],
        eos_token_id=None,
        return_dict_in_generate=True,
        output_scores=True,
        output_logits=True,
    )
    assert len(result.scores) == 12
    for theirs, ours in zip(result.scores, replayed(strategy, given, result), strict=True):
        assert torch.allclose(theirs.softmax(-1), ours.softmax(-1), atol=1e-6)


def test_greedy_in_generate_is_the_argmax_of_the_strategy(pebble):
    model, tokenizer = pebble
    strategy = built("chain", {"steps": ["repetition-penalty 1.5", "temperature 0"], "max_new_tokens": 10})
    given = encoded(tokenizer)
    shell = StrategyProcessor(strategy, given.attention_mask)
    settings = {"return_dict_in_generate": True, "output_logits": True, "eos_token_id": None}
    result = model.generate(**given, **generate_settings(strategy), logits_processor=[shell], **settings)
    chosen = [scores.argmax(1).tolist() for scores in replayed(strategy, given, result)]
    assert result.sequences[:, given.input_ids.shape[1] :].T.tolist() == chosen


def test_a_chain_is_what_generate_does_with_its_own_settings(pebble):
    """Steps and order both: the settings of `generate` are those of a chain in the default order."""
    model, tokenizer = pebble
    cuts = {"top_h": 0.9, "top_k": 30, "top_p": 0.95, "min_p": 0.01, "typical_p": 0.97}
    bounds = {"epsilon_cutoff": 0.002, "eta_cutoff": 0.004}
    steps = ["top-h 0.9", "top-k 30", "top-p 0.95", "min-p 0.01", "typical 0.97", "epsilon 0.002", "eta 0.004"]
    strategy = built("chain", {"steps": ["repetition-penalty 1.3", "temperature 1.4", *steps], "max_new_tokens": 12})
    given = encoded(tokenizer)
    torch.manual_seed(9)
    result = model.generate(
        **given,
        **{**generate_settings(strategy), "repetition_penalty": 1.3, "temperature": 1.4, **cuts, **bounds},
        eos_token_id=None,
        return_dict_in_generate=True,
        output_scores=True,
        output_logits=True,
    )
    # The penalty of `generate` counts padding as seen, so only the row without padding can agree.
    row = int(given.attention_mask.sum(1).argmax())
    for theirs, ours in zip(result.scores, replayed(strategy, given, result), strict=True):
        assert torch.allclose(theirs[row].softmax(-1), ours[row].softmax(-1), atol=1e-6)


def test_one_shell_serves_one_call():
    logits, history = random_rows(2)
    shell = StrategyProcessor(built("typical"))
    shell(history.ids, logits)
    with pytest.raises(ValueError, match=r"^One StrategyProcessor serves one call of generate; make another .*\.$"):
        shell(history.ids, logits)
