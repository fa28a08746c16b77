import pytest

from judges.metrics.exact_match import ExactMatch, ExactMatchParams
from judges.reference import ReferenceJudge, ReferenceParams
from leaderboard.contracts.registry import judges, metrics
from leaderboard.contracts.values import Pair, Scored, VerdictState

RIGHT, WRONG, SILENT = "So the answer is 42.0.", "So the answer is 41.", "42"


def verdict(a, b, reference="42", *, swapped=False):
    (one,) = ReferenceJudge(ReferenceParams()).judge([Pair("k", "p", a, b, reference, swapped)])
    return one


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    ("a", "b", "credit", "outcome"),
    [
        (RIGHT, WRONG, 1.0, "only a right"),
        (WRONG, RIGHT, 0.0, "only b right"),
        (RIGHT, RIGHT, 0.5, "both right"),
        (WRONG, WRONG, 0.5, "both wrong"),
        (SILENT, RIGHT, 0.0, "only b right"),
        (SILENT, WRONG, 0.5, "both wrong"),
        (SILENT, "", 0.5, "both wrong"),
    ],
)
def test_right_beats_wrong_whatever_the_order(a, b, credit, outcome, swapped):
    one = verdict(a, b, swapped=swapped)
    assert (one.key, one.state, one.credit_a) == ("k", VerdictState.SCORED, credit)
    assert one.evidence["outcome"] == outcome


def test_the_evidence_holds_what_was_read():
    assert verdict(RIGHT, SILENT).evidence == {"answer_a": "42.0", "answer_b": None, "outcome": "only a right"}


def test_no_reference_is_a_state_of_its_own():
    one = verdict(RIGHT, WRONG, reference=" ")
    assert (one.state, one.credit_a) == (VerdictState.NO_REFERENCE, None)


def test_the_marker_can_be_chosen():
    judge = judges.build("reference", {"marker": "####"})
    (one,) = judge.judge([Pair("k", "p", "#### 42", "#### 41", "42")])
    assert one.credit_a == 1.0


@pytest.mark.parametrize(
    ("text", "reference", "scored"),
    [
        (RIGHT, "42", Scored(1.0, extracted="42.0")),
        (WRONG, "42", Scored(0.0, extracted="41")),
        (SILENT, "42", Scored(None, "no answer found")),
        (RIGHT, "", Scored(None, "no reference")),
    ],
)
def test_exact_match(text, reference, scored):
    assert ExactMatch(ExactMatchParams()).score(prompt="p", reference=reference, text=text) == scored
    assert metrics.build("exact-match", {}).score(prompt="p", reference=reference, text=text) == scored
