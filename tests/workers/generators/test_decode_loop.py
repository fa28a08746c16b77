"""The loop: what an output depends on, what is shared, and how it gets by with little memory."""

from __future__ import annotations

import math

import pytest
import torch
from transformers import MambaConfig, MambaForCausalLM

from leaderboard.contracts.registry import decoding
from tests.workers.generators.tiny import END, PROMPTS, Digits, decode, ids_of, tiny, waiting
from workers.generators import decode_loop
from workers.generators.decode_loop import DecodeLoop
from workers.generators.rows import in_order

NEW = 12
NEEDED = {"chain": {"steps": [{"step": "top-k", "value": 9}, {"step": "temperature", "value": 1.5}]}}
"""Settings of the strategies that have no default for all of them."""
NAMES = decoding.names()


def strategy(name, **params):
    return decoding.build(name, {"max_new_tokens": NEW, **NEEDED.get(name, {}), **params})


def sweep(names=NAMES, prompts=PROMPTS, samples=2):
    """Every strategy on every prompt, all rows of a strategy with one instance, as the engine builds them."""
    built = {name: strategy(name) for name in names}
    return [
        waiting(f"{name}/{i}/{s}", ids, built[name], s)
        for name in names
        for i, ids in enumerate(prompts)
        for s in range(samples)
    ]


def fields(made):
    return made.text, made.finish_reason, made.output_tokens


@pytest.fixture(scope="module")
def together():
    return decode(sweep())


@pytest.mark.parametrize("name", NAMES)
def test_an_output_alone_is_that_from_a_batch_with_all_other_strategies(together, name):
    assert len(together) >= 64
    for ask in sweep([name]):
        alone = decode([ask], limit=1 if ask.branches == 1 else 8)[ask.request.key]
        beside = together[ask.request.key]
        assert fields(alone) == fields(beside)
        assert alone.logprob == pytest.approx(beside.logprob, abs=1e-4)


@pytest.mark.parametrize("limit", [1, 5, 17])
def test_no_output_depends_on_how_many_branches_fit(together, limit):
    small = decode(sweep(), limit)
    assert {key: fields(made) for key, made in small.items()} == {key: fields(m) for key, m in together.items()}


@pytest.mark.parametrize("kind", ["gpt2", "llama", "mistral", "gemma3"])
def test_greedy_equals_transformers_own_generate(kind):
    model = tiny(kind)
    ours = decode([waiting(str(i), ids, strategy("greedy")) for i, ids in enumerate(PROMPTS)], 3, model)
    for i, ids in enumerate(PROMPTS):
        theirs = model.generate(torch.tensor([ids]), max_new_tokens=NEW, do_sample=False, pad_token_id=END)[0]
        assert ids_of(ours[str(i)]) == [t for t in theirs[len(ids) :].tolist() if t != END]


def test_a_model_with_a_recurrent_state_is_refused():
    model = MambaForCausalLM(MambaConfig(vocab_size=50, hidden_size=8, num_hidden_layers=1))
    with pytest.raises(ValueError, match="recurrent state"):
        DecodeLoop(model, Digits(), 4)


def test_the_log_probability_is_that_of_the_whole_output_read_at_once():
    ids = PROMPTS[2]
    made = decode([waiting("a", ids, strategy("temperature", temperature=2.0))])["a"]
    new = ids_of(made) + ([END] if made.output_tokens > len(ids_of(made)) else [])
    with torch.inference_mode():
        logprobs = tiny()(torch.tensor([[*ids, *new]])).logits[0].log_softmax(-1)
    whole = sum(float(logprobs[len(ids) - 1 + i, token]) for i, token in enumerate(new))
    assert made.logprob == pytest.approx(whole, abs=1e-4)


SHORT = torch.OutOfMemoryError("too many rows")


class Counted(torch.nn.Module):
    """A model that counts what it reads, and runs out of memory above `most` rows."""

    def __init__(self, most=10**9, error=SHORT):
        super().__init__()
        self.inner, self.most, self.error = tiny(), most, error
        self.config, self.generation_config = self.inner.config, self.inner.generation_config
        self.passes = []

    def forward(self, **inputs):
        rows, new = inputs["input_ids"].shape
        if rows > self.most:
            raise self.error
        self.passes.append((rows, new))
        return self.inner(**inputs)


def test_a_prompt_is_read_once_for_all_strategies_and_samples():
    model = Counted()
    loop = DecodeLoop(model, Digits(), 64)
    asks = sweep(["temperature", "top-k", "greedy"], samples=4)
    list(loop.run(asks[::-1]))
    assert model.passes[0] == (len(PROMPTS), 7)
    assert all(new == 1 for _, new in model.passes[1:])
    assert loop.figures.prompt_positions == sum(map(len, PROMPTS))


def test_rows_that_write_the_same_are_read_once():
    model = Counted()
    greedy = strategy("greedy")
    loop = DecodeLoop(model, Digits(), 64)
    made = list(loop.run([waiting(str(s), PROMPTS[0], greedy, s) for s in range(30)]))
    assert {one.text for one in made} == {made[0].text}
    assert {rows for rows, _ in model.passes} == {1}
    assert loop.figures.output_tokens == 30 * made[0].output_tokens


@pytest.mark.parametrize("error", [SHORT, RuntimeError("can't allocate memory"), MemoryError()])
@pytest.mark.parametrize("most", [1, 3, 6])
def test_out_of_memory_halves_the_batch_and_goes_on(together, most, error):
    names = ["temperature", "min-p", "greedy"]
    loop = DecodeLoop(Counted(most, error), Digits(), 64)
    made = list(loop.run(sweep(names)))
    assert sorted(one.key for one in made) == sorted(ask.request.key for ask in sweep(names))
    assert all(fields(one) == fields(together[one.key]) for one in made)
    assert loop.figures.limit <= max(1, most) * 2
    assert loop.figures.halvings >= 3


def test_out_of_memory_while_tokens_are_chosen_loses_none(together, monkeypatch):
    take, calls = DecodeLoop._take, []

    def failing(self, *args):
        asked = take(self, *args)
        calls.append(len(asked))
        if len(calls) in (3, 6):
            raise SHORT
        return asked

    monkeypatch.setattr(DecodeLoop, "_take", failing)
    made = decode(sweep(["temperature", "greedy"]))
    assert {key: fields(one) for key, one in made.items()} == {
        key: fields(one) for key, one in together.items() if key.startswith(("temperature", "greedy"))
    }


def test_one_output_that_does_not_fit_is_an_error_and_not_a_loop():
    with pytest.raises(MemoryError, match="does not fit"):
        list(DecodeLoop(Counted(0), Digits(), 4).run(sweep(["greedy"])))


def test_other_faults_of_the_model_are_raised():
    with pytest.raises(RuntimeError, match="broken"):
        list(DecodeLoop(Counted(0, RuntimeError("broken")), Digits(), 4).run(sweep(["greedy"])))


def test_the_batch_is_no_larger_than_memory_allows(monkeypatch):
    monkeypatch.setattr(decode_loop.memory, "fitting", lambda *_: 3)
    model = Counted()
    loop = DecodeLoop(model, Digits(), 64)
    list(loop.run(sweep(["temperature"], samples=6)))
    assert loop.figures.limit == 3
    assert max(rows for rows, _ in model.passes) <= 3


def test_a_finished_output_comes_before_longer_ones_are_done():
    model = Counted()
    asks = [waiting("long", PROMPTS[0], strategy("greedy", max_new_tokens=30, repetition_penalty=3.0))]
    asks += [waiting("short", PROMPTS[1], strategy("greedy", max_new_tokens=1))]
    outputs = DecodeLoop(model, Digits(), 64).run(asks)
    assert next(outputs).key == "short"
    assert len(model.passes) == 1
    assert [one.key for one in outputs] == ["long"]


def test_shares_of_the_time_add_up_to_the_run():
    loop = DecodeLoop(tiny(), Digits(), 4)
    made = list(loop.run(sweep(["temperature", "greedy"])))
    assert sum(one.seconds for one in made) == pytest.approx(loop.figures.seconds)
    assert 0 < loop.figures.forward_seconds < loop.figures.seconds
    assert loop.figures.output_tokens == sum(one.output_tokens for one in made)
    assert loop.figures.tokens_per_second == pytest.approx(loop.figures.output_tokens / loop.figures.seconds)
    assert loop.figures.peak_bytes > 0


def test_first_log_probabilities_are_those_behind_the_prompt():
    made = decode([waiting("a", PROMPTS[0], strategy("temperature"), top_logprobs=3)])["a"]
    with torch.inference_mode():
        best = tiny()(torch.tensor([PROMPTS[0]])).logits[0, -1].log_softmax(-1).topk(3)
    assert [text for text, _ in made.first_logprobs] == [str(i) for i in best.indices.tolist()]
    assert [value for _, value in made.first_logprobs] == pytest.approx(best.values.tolist(), abs=1e-5)
    assert math.exp(made.first_logprobs[0][1]) <= 1


def test_rows_wait_with_their_prompt_and_long_prompts_go_first():
    asks = [waiting(f"{i}{s}", ids, strategy("greedy"), s) for s in range(2) for i, ids in enumerate(PROMPTS)]
    assert [row.waiting.request.key for row in in_order(asks)] == ["20", "21", "00", "01", "30", "31", "10", "11"]


def test_nothing_asked_gives_nothing():
    assert decode([]) == {}
