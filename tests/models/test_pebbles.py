"""The recipe, the grammar and the stored models."""

from __future__ import annotations

import random
import re
from itertools import islice

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from models.evaluate import held_out, measure, table
from models.grammar import draw, is_held_out, training_stream
from models.train import Recipe, Trainer, train_tokenizer
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(1, examples=500)


def test_a_few_steps_of_training_lower_the_loss(tokenizer):
    trainer = Trainer(Recipe("pebble-s", 40, batch=16, warmup=5), tokenizer)
    losses = [trainer.train_step() for _ in range(24)]
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])


def test_an_interrupted_run_goes_on_as_if_undisturbed(tokenizer, tmp_path):
    recipe = Recipe("pebble-s", 12, batch=8, warmup=2)
    whole = Trainer(recipe, tokenizer)
    for _ in range(6):
        whole.train_step()
    first = Trainer(recipe, tokenizer)
    for _ in range(3):
        first.train_step()
    first.checkpoint(tmp_path / "state.pt")
    second = Trainer(recipe, tokenizer)
    second.resume(tmp_path / "state.pt")
    for _ in range(3):
        second.train_step()
    pairs = zip(whole.model.parameters(), second.model.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(("name", "layers"), [("pebble-s", 4), ("pebble-m", 6)])
def test_a_stored_pebble_loads_plainly_and_is_small(name, layers):
    folder = ROOT / "models" / name
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.config.num_hidden_layers >= layers
    assert AutoTokenizer.from_pretrained(folder).chat_template
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 8_000_000


def test_training_and_held_out_problems_never_meet():
    trained = {example.key for example in islice(training_stream(5), 5_000) if example.answer}
    rng = random.Random(5)
    asked = {draw(rng, held_out=True).key for _ in range(1_000)}
    assert not trained & asked
    assert all(map(is_held_out, asked))


def test_the_answers_of_the_grammar_are_right():
    rng = random.Random(6)
    checks = {"add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b}
    for _ in range(500):
        example = draw(rng, held_out=False, tasks=tuple(checks))
        a, b = map(int, re.findall(r"\d+", example.key))
        assert example.answer == str(checks[example.task](a, b))
        assert f"So the answer is {example.answer}." in example.response


def test_the_evaluation_measures_what_decoding_does():
    from leaderboard.contracts.registry import generators

    generator = generators.build("transformers", {"model": "pebble-m", "device": "cpu"})
    examples = held_out(60, 3)
    found = {
        name: measure(generator, examples, kind, params)
        for name, kind, params in (
            ("greedy", "greedy", {}),
            ("min-p", "min-p", {"temperature": 2.0, "min_p": 0.1}),
            ("top-p", "top-p", {"temperature": 2.0, "p": 0.9}),
        )
    }
    assert found["greedy"]["exact"] > 60
    assert found["min-p"]["exact"] > found["top-p"]["exact"]
    assert table(found).count("\n") == 4
