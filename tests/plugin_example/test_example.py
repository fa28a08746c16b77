"""What the author of a plugin package would write: Touchstone's own checks, and the rules of the plugins."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from touchstone_example.longer import LongerJudge, LongerParams
from touchstone_example.top_a import TopA, TopAParams

from leaderboard.contracts import conformance
from leaderboard.contracts.values import Pair


@pytest.mark.parametrize("params", [{}, {"margin": 10}])
def test_the_judge_conforms(params):
    conformance.check_judge(LongerJudge, params)


@pytest.mark.parametrize("params", [{}, {"a": 1.0, "temperature": 5.0}, {"a": 1e-6, "max_new_tokens": 1}])
def test_the_strategy_conforms(params):
    pytest.importorskip("torch")
    conformance.check_decoding(TopA, params)


@pytest.mark.parametrize(("margin", "credit"), [(0, 1.0), (2, 1.0), (3, 0.5)])
def test_longer_wins_beyond_the_margin(margin, credit):
    (verdict,) = LongerJudge(LongerParams(margin=margin)).judge([Pair("k", "p", "abcde", "ab")])
    assert verdict.credit_a == credit
    assert verdict.evidence == {"length_a": 5, "length_b": 2}


def test_tokens_below_the_square_of_the_best_chance_are_dropped():
    torch = pytest.importorskip("torch")
    never = float("-inf")
    chances = torch.tensor([[0.6, 0.3, 0.1, 0.0], [0.25, 0.25, 0.25, 0.25]])
    out = TopA(TopAParams(a=0.5)).apply(chances.log(), None)
    # Row 0: the bound is 0.5 · 0.6² = 0.18; row 1: 0.5 · 0.25² = 0.03, which drops nothing.
    assert (out > never).tolist() == [[True, True, False, False], [True, True, True, True]]
    assert torch.allclose(out.softmax(-1), torch.tensor([[2 / 3, 1 / 3, 0.0, 0.0], [0.25] * 4]))


def test_heat_comes_first_and_loosens_the_cut():
    torch = pytest.importorskip("torch")
    logits = torch.randn(5, 100, generator=torch.Generator().manual_seed(1)) * 4
    kept = [int(TopA(TopAParams(temperature=t)).apply(logits, None).isfinite().sum()) for t in (0.1, 1.0, 5.0)]
    assert 5 <= kept[0] < kept[1] < kept[2]


def test_the_label_is_short():
    assert TopA(TopAParams(temperature=1.5)).label == "T 1.5 · top-a 0.2"
