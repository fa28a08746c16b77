"""Contrastive search against a slow implementation that reads every candidate text anew."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cosine_similarity

from leaderboard.contracts.registry import decoding
from leaderboard.contracts.values import FinishReason
from tests.workers.generators.tiny import END, PROMPTS, decode, ids_of, tiny, waiting

NEW = 10


def slow_contrastive(model, ids, k, alpha, penalty=1.0):
    """One row, no cache."""
    ids, made = list(ids), []
    for _ in range(NEW):
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0, -1].clone()
        for token in set(ids):
            logits[token] = logits[token] / penalty if logits[token] > 0 else logits[token] * penalty
        chances = logits.softmax(-1)
        best, token = -2.0, None
        for v in chances.topk(k).indices.tolist():
            with torch.no_grad():
                states = model(torch.tensor([[*ids, v]]), output_hidden_states=True).hidden_states[-1][0]
            nearest = max(float(cosine_similarity(states[-1], h, dim=0)) for h in states[:-1])
            score = (1 - alpha) * float(chances[v]) - alpha * nearest
            if score > best:
                best, token = score, v
        made.append(token)
        ids.append(token)
        if token == END:
            break
    return made


@pytest.mark.parametrize(("k", "alpha", "penalty"), [(4, 0.6, 1.0), (7, 0.3, 1.0), (3, 0.6, 1.3), (5, 1.0, 1.0)])
def test_a_batch_equals_the_slow_implementation_row_by_row(k, alpha, penalty):
    params = {"max_new_tokens": NEW, "k": k, "alpha": alpha, "repetition_penalty": penalty}
    strategy = decoding.build("contrastive", params)
    made = decode([waiting(str(i), ids, strategy) for i, ids in enumerate(PROMPTS)])
    for i, ids in enumerate(PROMPTS):
        slow = slow_contrastive(tiny(), ids, k, alpha, penalty)
        assert ids_of(made[str(i)]) == [token for token in slow if token != END]


@pytest.mark.parametrize("params", [{"alpha": 0.0}, {"k": 1}])
def test_without_novelty_or_choice_it_is_greedy(params):
    contrastive = decoding.build("contrastive", {"max_new_tokens": NEW, **params})
    greedy = decoding.build("greedy", {"max_new_tokens": NEW})
    for ids in PROMPTS:
        made = decode([waiting("a", ids, contrastive), waiting("b", ids, greedy)])
        assert (made["a"].text, made["a"].finish_reason) == (made["b"].text, made["b"].finish_reason)
        assert made["a"].logprob == pytest.approx(made["b"].logprob, abs=1e-4)


def test_it_stops_at_the_longest_output():
    made = decode([waiting("a", PROMPTS[0], decoding.build("contrastive", {"max_new_tokens": 2}))])["a"]
    assert (made.output_tokens, made.finish_reason) == (2, FinishReason.LENGTH)


def test_label():
    assert decoding.build("contrastive", {}).label == "contrastive k 4 α 0.6"
    assert decoding.build("contrastive", {"repetition_penalty": 1.1}).label == "contrastive k 4 α 0.6 · rep 1.1"


def test_no_request_can_ask_for_it():
    with pytest.raises(ValueError, match="only on a model loaded here"):
        decoding.build("contrastive", {}).request_fields()
