"""DoLa against a slow implementation that reads the whole text anew and works on one number at a time."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.registry import decoding
from tests.workers.generators.tiny import END, PROMPTS, decode, ids_of, tiny, waiting
from workers.decoding.dola import bucket, contrast, divergence
from workers.decoding.history import History


def softmax(row):
    top = max(row)
    parts = [math.exp(z - top) for z in row]
    return [part / math.fsum(parts) for part in parts]


def kl(a, b):
    return math.fsum(x * math.log(x / y) for x, y in zip(a, b, strict=True) if x > 0)


def jsd(p, q, variant):
    m = [(x + y) / 2 for x, y in zip(p, q, strict=True)]
    if variant == "public_code":
        return (kl(m, p) + kl(m, q)) / 2
    return (kl(p, m) + kl(q, m)) / 2


def slow_scores(last, early, alpha, variant):
    """Scores of one row from lists of logits, and the place of the chosen layer."""
    p, layers = softmax(last), [softmax(row) for row in early]
    apart = [jsd(p, q, variant) for q in layers]
    q = layers[apart.index(max(apart))]
    kept = [x >= alpha * max(p) for x in p]
    return [math.log(x) - math.log(y) if k else -math.inf for x, y, k in zip(p, q, kept, strict=True)], apart


def slow_dola(model, ids, layers, variant, norm, new, penalty=1.2, alpha=0.1):
    """Greedy DoLa, one row, no cache."""
    ids, made, chosen = list(ids), [], []
    for _ in range(new):
        with torch.inference_mode():
            out = model(torch.tensor([ids]), output_hidden_states=True)
            early = [out.hidden_states[j][0, -1] for j in layers]
            early = [model.lm_head(model.model.norm(h) if norm else h).tolist() for h in early]
        scores, apart = slow_scores(out.logits[0, -1].tolist(), early, alpha, variant)
        chosen.append(apart.index(max(apart)))
        for token in set(ids):
            scores[token] = scores[token] / penalty if scores[token] > 0 else scores[token] * penalty
        made.append(scores.index(max(scores)))
        ids.append(made[-1])
        if made[-1] == END:
            break
    return made, chosen


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("variant", ["textbook", "public_code"])
@pytest.mark.parametrize(("layers", "numbers"), [("high", (4, 6)), ("low", None), ("1,5,7", (1, 5, 7))])
def test_a_batch_equals_the_slow_implementation_row_by_row(layers, numbers, variant, norm, tied):
    model = tiny(layers=8, tie_word_embeddings=tied)
    numbers = numbers or ((2,) if tied else (0, 2))
    params = {"max_new_tokens": 10, "layers": layers, "variant": variant, "norm_early": norm}
    strategy = decoding.build("dola", params)
    made = decode([waiting(str(i), ids, strategy) for i, ids in enumerate(PROMPTS)], model=model)
    for i, ids in enumerate(PROMPTS):
        slow, _ = slow_dola(model, ids, numbers, variant, norm, 10)
        assert ids_of(made[str(i)]) == [token for token in slow if token != END]


def test_rows_of_one_batch_choose_different_layers():
    model = tiny(layers=8)
    firsts = {slow_dola(model, ids, (1, 3, 5, 7), "textbook", True, 1)[1][0] for ids in [*PROMPTS, (11, 3), (40,)]}
    assert len(firsts) > 1


LOGITS = st.lists(st.floats(-8, 8, width=32), min_size=5, max_size=5)


@given(LOGITS, st.lists(LOGITS, min_size=1, max_size=3), st.sampled_from(["textbook", "public_code"]))
def test_divergence_is_that_of_the_definition(last, early, variant):
    p = torch.tensor([last]).double().log_softmax(-1)
    q = torch.tensor([early]).double().log_softmax(-1)
    _, apart = slow_scores(last, early, 0.1, variant)
    assert divergence(p[:, None], q, variant)[0].tolist() == pytest.approx(apart, abs=1e-9)


@given(LOGITS, LOGITS, st.floats(0.01, 1.0))
def test_only_tokens_of_the_least_share_stay_and_the_likeliest_always_does(last, early, alpha):
    rows = torch.tensor([last])
    kept = contrast(rows, torch.tensor([[early]]), alpha, "textbook")[0].isfinite()
    chances = rows[0].double().softmax(-1)
    assert bool(kept[chances.argmax()])
    clear = (chances / chances.max() - alpha).abs() > 1e-9
    assert kept[clear].tolist() == (chances >= alpha * chances.max())[clear].tolist()


@pytest.mark.parametrize(
    ("layers", "count", "tied", "wanted"),
    [
        ("low", 32, False, tuple(range(0, 16, 2))),
        ("low", 32, True, tuple(range(2, 16, 2))),
        ("high", 32, True, tuple(range(16, 32, 2))),
        ("low", 48, False, tuple(range(0, 20, 2))),
        ("high", 48, False, tuple(range(28, 48, 2))),
        ("low", 4, True, (2,)),
        ("3,1,3", 6, False, (3, 1)),
    ],
)
def test_buckets(layers, count, tied, wanted):
    assert bucket(layers, count, tied) == wanted


def test_layers_that_the_model_does_not_have_are_an_error():
    with pytest.raises(ValueError, match="below the last of 8 layers"):
        decode([waiting("a", (1,), decoding.build("dola", {"layers": "2,8"}))], model=tiny(layers=8))


@pytest.mark.parametrize("layers", ["middle", "", "1,", "-1"])
def test_layers_are_a_name_or_numbers(layers):
    with pytest.raises(InvalidInput):
        decoding.build("dola", {"layers": layers})


def test_without_early_layers_it_says_what_is_missing():
    past = torch.zeros(1, 1, dtype=torch.long)
    history = History(past, past.bool(), past[0], past[0])
    with pytest.raises(ValueError, match="early layers"):
        decoding.build("dola", {}).apply(torch.zeros(1, 5), history)


def test_a_tiny_temperature_is_the_argmax():
    model = tiny(layers=8)
    built = [decoding.build("dola", {"max_new_tokens": 10, "temperature": t}) for t in (0.0, 1e-6)]
    cold, greedy = ([decode([waiting("a", ids, b)], model=model)["a"].text for ids in PROMPTS] for b in built[::-1])
    assert cold == greedy


@pytest.mark.parametrize(
    ("params", "label"),
    [
        ({}, "DoLa high · rep 1.2"),
        (
            {"layers": "2,4", "variant": "public_code", "norm_early": False, "alpha": 0.2, "repetition_penalty": 1},
            "DoLa 2,4 · public code · no norm · α 0.2",
        ),
        ({"temperature": 0.5}, "DoLa high · T 0.5 · rep 1.2"),
    ],
)
def test_label(params, label):
    assert decoding.build("dola", params).label == label
