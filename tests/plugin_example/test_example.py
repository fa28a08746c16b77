"""What the author of a plugin package would write: Touchstone's own checks, and the rules of the plugins."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from touchstone_example.longer import LongerJudge, LongerParams
from touchstone_example.top_n_sigma import TopNSigma, TopNSigmaParams

from leaderboard.contracts import conformance
from leaderboard.contracts.values import Pair


@pytest.mark.parametrize("params", [{}, {"margin": 10}])
def test_the_judge_conforms(params):
    conformance.check_judge(LongerJudge, params)


@pytest.mark.parametrize("params", [{}, {"n": 0.01, "temperature": 5.0}, {"n": 100.0, "max_new_tokens": 1}])
def test_the_strategy_conforms(params):
    pytest.importorskip("torch")
    conformance.check_decoding(TopNSigma, params)


@pytest.mark.parametrize(("margin", "credit"), [(0, 1.0), (2, 1.0), (3, 0.5)])
def test_longer_wins_beyond_the_margin(margin, credit):
    (verdict,) = LongerJudge(LongerParams(margin=margin)).judge([Pair("k", "p", "abcde", "ab")])
    assert verdict.credit_a == credit
    assert verdict.evidence == {"length_a": 5, "length_b": 2}


def test_tokens_near_the_best_are_kept_then_heated():
    torch = pytest.importorskip("torch")
    never = float("-inf")
    logits = torch.tensor([[4.0, 2.0, 0.0, never], [1.0, 1.0, 1.0, 1.0]])
    out = TopNSigma(TopNSigmaParams(n=1.5, temperature=2.0)).apply(logits, None)
    # Row 0: population σ of 4, 2, 0 is 1.633, so the cut lies at 4 − 2.449 = 1.551.
    assert out.tolist() == [[2.0, 1.0, never, never], [0.5, 0.5, 0.5, 0.5]]


def test_a_cut_is_the_same_whatever_the_temperature():
    torch = pytest.importorskip("torch")
    logits = torch.randn(5, 100, generator=torch.Generator().manual_seed(1))
    kept = [TopNSigma(TopNSigmaParams(temperature=t)).apply(logits, None).isfinite() for t in (0.1, 1.0, 50.0)]
    assert torch.equal(kept[0], kept[1])
    assert torch.equal(kept[1], kept[2])
    assert 1 <= kept[0].sum(-1).min() < 100


def test_the_label_is_short():
    assert TopNSigma(TopNSigmaParams(temperature=1.5)).label == "T 1.5 · 1σ"
