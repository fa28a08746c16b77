"""The recipes of the models that judge, and the stored ones measured on held-out problems."""

from __future__ import annotations

import random

import pytest
import torch
from transformers import AutoTokenizer

from judges.prompts import RANDOM_NAMES
from leaderboard.contracts.registry import judges, metrics
from leaderboard.contracts.values import Pair, Scorable
from models.evaluate import held_out
from models.evaluate_judges import JUDGE, auc, unequal
from models.samples import TRAINING, Sample, Sampled, drawn, read, sample, write
from models.train_judge import JudgeRecipe, JudgeTrainer, draw_two, row
from models.train_reward import RewardRecipe, RewardTrainer
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def problems():
    return sample(drawn(3, count=12), TRAINING, seed=3)


@pytest.fixture(scope="module")
def unseen():
    return sample(held_out(40, 77), [("pebble-s", 1.5, 4)], seed=77)


def test_outputs_are_labelled_as_exact_match_says_and_come_back_from_a_file(problems, tmp_path):
    exact = metrics.build("exact-match", {})
    for problem in problems:
        assert [(s.by, s.temperature) for s in problem.samples] == [(name, heat) for name, heat, _ in TRAINING]
        for one in problem.samples:
            value = exact.score(prompt=problem.question, reference=problem.answer, text=one.text).value
            assert one.right == (value == 1.0)
    write(tmp_path / "rows.jsonl", problems)
    assert read([tmp_path / "rows.jsonl"]) == problems


def test_the_same_chunk_is_drawn_the_same():
    assert drawn(5, count=20) == drawn(5, count=20) != drawn(6, count=20)


@pytest.mark.parametrize(
    ("kind", "recipe"),
    [
        (RewardTrainer, RewardRecipe(steps=8, batch=8, warmup=2)),
        (JudgeTrainer, JudgeRecipe(steps=8, batch=4, warmup=2)),
    ],
)
def test_an_interrupted_run_goes_on_as_if_undisturbed(kind, recipe, problems, tmp_path):
    whole, first, second = (kind(recipe, problems) for _ in range(3))
    losses = [whole.train_step() for _ in range(4)]
    told = [first.train_step() for _ in range(2)]
    first.checkpoint(tmp_path / "state.pt")
    second.resume(tmp_path / "state.pt")
    told += [second.train_step() for _ in range(2)]
    assert told == losses
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), second.parameters(), strict=True))


def test_a_judges_row_is_the_filled_prompt_with_its_answers_marked(problems):
    words = AutoTokenizer.from_pretrained(ROOT / "models" / "pebble-reward")
    right, wrong = Sample("", 1.0, 'So "it" is 4.', True, 0.0, 5), Sample("", 1.0, "end\nk", False, 0.0, 3)
    problem = Sampled("key", "add", "What is 2 + 2?", "4", (right, wrong))
    for swapped in (False, True):
        made = row(problem, right, wrong, words, swapped=swapped)
        shown = ['"So \\"it\\" is 4."', '"end\\nk"']
        told = [words.decode(made.ids[start:end]) for start, end in made.spans]
        assert told == (shown[::-1] if swapped else shown)
        assert made.right == ((False, True) if swapped else (True, False))
        assert made.names in [tuple(map(words.convert_tokens_to_ids, pair)) for pair in RANDOM_NAMES]
        assert words.decode(made.ids).endswith("<|end|><|assistant|>")


def test_two_alike_are_never_drawn():
    same = Sample("", 1.0, "4", True, 0.0, 1)
    assert draw_two([same, same], random.Random(1)) is None


@pytest.mark.parametrize(("name", "most"), [("pebble-reward", 4_000_000), ("pebble-judge", 8_000_000)])
def test_a_stored_model_that_judges_is_small(name, most):
    assert sum(path.stat().st_size for path in (ROOT / "models" / name).iterdir()) <= most


def test_the_reward_tells_right_from_wrong_on_held_out_problems(unseen):
    each = [(problem, one) for problem in unseen for one in problem.samples]
    metric = metrics.build("reward-model", {"model": "pebble-reward"})
    scores = [one.value for one in metric.score_many([Scorable(p.question, "", s.text) for p, s in each])]
    assert auc([-99.0 if value is None else value for value in scores], [s.right for _, s in each]) > 0.75


def test_the_judge_names_the_right_one_of_two_more_often_than_not(unseen):
    pairs = [
        Pair(f"{i}{swapped:d}", problem.question, two[0].text, two[1].text, swapped=swapped)
        for i, problem in enumerate(unseen)
        if (two := unequal(problem))
        for swapped in (False, True)
    ]
    credits = [verdict.credit_a for verdict in judges.build("pairwise-llm", JUDGE).judge(pairs)]
    assert len(credits) == len(pairs) >= 16
    assert sum(credits) / len(credits) > 0.55


def test_the_area_under_the_curve_of_a_known_case():
    assert auc([1.0, 2.0, 2.0, 3.0], [False, True, False, True]) == 0.875
