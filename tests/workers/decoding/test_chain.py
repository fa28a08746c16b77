"""A chain: how it is written, ordered, labelled and told to servers; and mirostat's past."""

from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.registry import decoding
from tests.workers.decoding.rows import built, picked, random_rows
from workers.decoding.history import History, surprise_of
from workers.decoding.steps import ORDER

SINGLE = {
    "top-k": ("top-k 7", {"k": 7}),
    "top-p": ("top-p 0.8", {"p": 0.8}),
    "min-p": ("min-p 0.05", {"min_p": 0.05}),
    "typical": ("typical 0.8", {"mass": 0.8}),
    "epsilon": ("epsilon 0.01", {"epsilon": 0.01}),
    "eta": ("eta 0.01", {"epsilon": 0.01}),
    "top-h": ("top-h 0.5", {"h": 0.5}),
    "top-nsigma": ("top-nsigma 1.5", {"n": 1.5}),
    "mirostat": ("mirostat 3 rate=0.2", {"tau": 3.0, "rate": 0.2}),
}


VALUES = {
    "repetition-penalty": st.floats(0.1, 10),
    "presence-penalty": st.floats(-2, 2),
    "frequency-penalty": st.floats(-2, 2),
    "top-nsigma": st.floats(0, 10),
    "temperature": st.floats(1e-6, 10),
    "top-k": st.integers(1, 200),
    "mirostat": st.floats(0.01, 20),
    **dict.fromkeys(("top-h", "top-p", "typical"), st.floats(1e-6, 1)),
    **dict.fromkeys(("min-p",), st.floats(0, 1)),
    **dict.fromkeys(("epsilon", "eta"), st.floats(0, 0.999)),
}
any_steps = st.lists(st.sampled_from(sorted(VALUES)), unique=True).flatmap(
    lambda names: st.tuples(*(VALUES[name].map(lambda value, n=name: {"step": n, "value": value}) for name in names))
)


def chain(*steps, **others):
    return decoding.build("chain", {"steps": list(steps), **others})


def refused(*steps):
    with pytest.raises(InvalidInput) as problem:
        chain(*steps)
    return problem.value.errors


@settings(deadline=None, max_examples=150)
@given(any_steps, st.sampled_from(["default", "as-listed"]), st.booleans(), st.integers(0, 1000), st.floats(0.01, 1e4))
def test_any_chain_leaves_tokens_to_draw_from_and_treats_rows_alone(steps, order, wide, seed, scale):
    logits, history = random_rows(6, seed, torch.float32 if wide else torch.bfloat16)
    logits = logits * scale
    scores = chain(*steps, order=order).apply(logits, history)
    assert not bool((scores.isnan() | scores.isposinf()).any())
    assert bool(scores.isfinite().any(1).all())
    assert bool(scores.isneginf()[logits.isneginf()].all())
    alone = chain(*steps, order=order).apply(logits[2:3], picked(history, slice(2, 3)))
    assert torch.equal(alone[0], scores[2])


@settings(deadline=None, max_examples=60)
@given(any_steps)
def test_any_chain_in_the_default_order_is_greedy_at_a_temperature_near_0(steps):
    logits, history = random_rows(32, 1)
    others = [step for step in steps if step["step"] != "temperature"]
    penalised = chain(*others, "temperature 0").apply(logits, history)
    best = penalised.topk(2).values
    clear = best[:, 0] - best[:, 1] > 0.05
    cold = chain(*others, "temperature 0.0001").apply(logits, history)
    assert torch.equal(cold.argmax(1)[clear], penalised.argmax(1)[clear])
    assert float(cold.softmax(1).amax(1)[clear].min()) > 1 - 1e-6


@pytest.mark.parametrize("name", SINGLE)
def test_a_chain_of_penalty_heat_and_one_cut_is_the_strategy_of_that_cut(name):
    step, alike = SINGLE[name]
    logits, history = random_rows(16)
    alone = built(name, {**alike, "temperature": 1.4, "repetition_penalty": 1.3})
    together = chain("repetition-penalty 1.3", "temperature 1.4", step)
    assert torch.equal(alone.apply(logits, history), together.apply(logits, history))


def test_a_step_is_written_as_text_or_as_an_object():
    objects = [{"step": "edt", "value": 0.7, "theta": 0.2}, {"step": "top-k", "value": 12}]
    assert chain("edt 0.7 theta=0.2", "top-k 12").params == chain(*objects).params


def test_the_default_order_is_the_documented_one():
    steps = [f"{name} 0.5" if name != "top-k" else "top-k 5" for name in ORDER if name != "edt"]
    assert [step.step for step in chain(*reversed(steps)).steps] == [name for name in ORDER if name != "edt"]


def test_one_chain_written_in_two_orders_has_one_fingerprint():
    one, other = (chain(*steps).params for steps in (["top-p 0.9", "temperature 2"], ["temperature 2", "top-p 0.9"]))
    assert decoding.fingerprint("chain", one) == decoding.fingerprint("chain", other)


def test_an_order_of_ones_own_is_kept_and_has_another_fingerprint():
    listed = chain("min-p 0.1", "temperature 3", order="as-listed")
    sorted_ = chain("min-p 0.1", "temperature 3")
    assert [step.step for step in listed.steps] == ["min-p", "temperature"]
    assert decoding.fingerprint("chain", listed.params) != decoding.fingerprint("chain", sorted_.params)
    logits, history = random_rows(16)
    counts = [int(torch.isfinite(one.apply(logits, history)).sum()) for one in (listed, sorted_)]
    assert counts[0] < counts[1]


def test_a_chain_without_steps_draws_from_the_model():
    logits, history = random_rows(4)
    assert torch.equal(chain().apply(logits, history), logits)
    assert chain().label == "T 1"


def test_at_temperature_0_only_penalties_act():
    logits, history = random_rows(16)
    cold = chain("presence-penalty 1", "temperature 0", "typical 0.2")
    assert not cold.samples
    assert torch.equal(cold.apply(logits, history), chain("presence-penalty 1").apply(logits, history))


@pytest.mark.parametrize(
    ("steps", "label"),
    [
        (["top-p 0.9", "temperature 0.7"], "T 0.7 · top-p 0.9"),
        (["top-nsigma 1.5", "repetition-penalty 1.2"], "T 1 · top-1.5σ · rep 1.2"),
        (["temperature 0", "frequency-penalty 0.5"], "greedy · freq 0.5"),
        (["edt 0.6"], "EDT 0.6, θ 0.1"),
        (["mirostat 5"], "T 1 · mirostat 5, η 0.1"),
    ],
)
def test_the_label_names_the_steps_in_order(steps, label):
    assert chain(*steps).label == label


def test_a_penalty_of_0_is_no_step():
    assert built("penalties", {}).label == "T 1 · pres 0.5"


def test_a_long_label_is_cut_to_a_chip():
    text = chain(*(f"{name} 0.123" for name in ("typical", "epsilon", "eta", "top-h", "top-p", "min-p"))).label
    assert len(text) == 60
    assert text.endswith("…")


def test_a_fault_is_told_where_it_is():
    assert refused("top-p 2")[0].path == ("steps", 0, "top-p", "value")
    assert refused("temperature 1", "top-p 0.9 p=1")[0].path == ("steps", 1, "top-p", "p")
    assert "does not match any of the expected tags" in refused("nucleus 0.9")[0].message
    assert "gives a setting twice" in refused("top-p 0.9 0.8")[0].message


def test_a_step_given_twice_and_two_temperatures_are_refused():
    assert refused("top-k 4", "top-k 5")[0].message == "The step 'top-k' is there twice; give each step once."
    assert refused("edt 1", "temperature 1")[0].message.startswith("EDT sets the temperature itself;")


def test_what_a_server_knows_is_sent_as_its_fields():
    strategy = chain("repetition-penalty 1.1", "temperature 0.7", "top-k 40", "top-p 0.9", max_new_tokens=9)
    assert strategy.needs() == {"repetition_penalty", "top_k", "top_p"}
    extra = {"repetition_penalty": 1.1, "top_k": 40}
    assert strategy.request_fields() == {"max_tokens": 9, "temperature": 0.7, "top_p": 0.9, "extra_body": extra}


@pytest.mark.parametrize(
    "strategy",
    [
        chain("top-p 0.9", "min-p 0.1"),  # vLLM cuts by min-p first
        chain("min-p 0.1", "temperature 2", order="as-listed"),
        chain("typical 0.9"),
        built("edt"),
    ],
)
def test_what_a_server_would_do_otherwise_needs_our_own_functions(strategy):
    assert strategy.needs() == {"logits"}
    fields = strategy.request_fields()
    assert (fields["temperature"], fields["top_p"]) == (1.0, 1.0)
    sent = json.loads(fields["extra_body"]["vllm_xargs"]["touchstone"])
    assert decoding.build(sent["strategy"], sent["params"]).steps == strategy.steps


def test_penalties_of_the_standard_are_sent_as_its_fields():
    strategy = built("penalties", {"frequency_penalty": 0.25, "temperature": 0.7, "max_new_tokens": 9})
    assert strategy.needs() == {"presence_penalty", "frequency_penalty"}
    penalties = {"presence_penalty": 0.5, "frequency_penalty": 0.25}
    assert strategy.request_fields() == {"max_tokens": 9, "temperature": 0.7, "top_p": 1.0, **penalties}


def test_greedy_without_penalties_needs_nothing():
    strategy = built("edt", {"t0": 0.0, "max_new_tokens": 5})
    assert strategy.needs() == frozenset()
    assert strategy.request_fields() == {"max_tokens": 5, "temperature": 0.0}


def test_the_web_form_takes_one_step_a_line():
    from leaderboard.web.params_form import fields_for

    typed = fields_for(decoding.get("chain").Params, "decoding")["decoding-steps"].clean("top-k 5\ntemperature 0.7\n")
    assert [step.step for step in chain(*typed).steps] == ["temperature", "top-k"]


def test_presence_and_frequency_leave_the_prompt_alone():
    ids = torch.tensor([[0, 1, 2, 2]])
    known = torch.tensor([[False, True, True, True]])
    past = History(ids, known, torch.tensor([2]), torch.tensor([1]))
    assert past.outputs.tolist() == [[False, False, False, True]]
    scores = chain("presence-penalty 1", "frequency-penalty 0.5").apply(torch.zeros(1, 4), past)
    assert scores.tolist() == [[0.0, 0.0, -1.5, 0.0]]


def test_surprise_is_in_bits_of_what_the_token_was_drawn_from():
    scores = torch.tensor([[0.5, 0.25, 0.25, 0.0], [1.0, 0.0, 0.0, 0.0]]).log()
    assert surprise_of(scores, torch.tensor([1, 0])).tolist() == pytest.approx([2.0, 0.0])
    assert surprise_of(scores + 7, torch.tensor([1, 0])).tolist() == pytest.approx([2.0, 0.0], abs=1e-6)


def test_mirostat_refuses_a_loop_that_keeps_no_surprise():
    logits, history = random_rows(4)
    silent = History(history.ids, history.known, history.prompt_length, torch.ones_like(history.step))
    with pytest.raises(ValueError, match=r"^Mirostat needs a loop that keeps the surprise of the chosen tokens\.$"):
        built("mirostat").apply(logits, silent)


def test_only_mirostat_makes_a_loop_keep_the_surprise():
    keeping = [name for name in decoding.names() if getattr(built(name, {}), "keeps_surprise", False)]
    assert keeping == ["mirostat"]
    assert chain("mirostat 5").keeps_surprise
    assert not chain("mirostat 5", "temperature 0").keeps_surprise


def test_mirostat_cuts_harder_after_surprising_tokens():
    logits, history = random_rows(1)
    past = picked(history, slice(0, 1))
    wild = History(past.ids, past.known, past.prompt_length, torch.tensor([5]), torch.tensor([100.0]).double())
    calm = History(past.ids, past.known, past.prompt_length, torch.tensor([5]), torch.tensor([1.0]).double())
    kept = [int(torch.isfinite(built("mirostat", {}).apply(logits, one)).sum()) for one in (wild, calm)]
    assert kept[0] < kept[1]
