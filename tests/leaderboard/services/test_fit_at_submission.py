"""A submission that its backend would decode otherwise is refused before anything is stored, with what would run."""

import pytest

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import LanguageModel, Submission
from leaderboard.services import submissions
from tests.factories import request_for, sums_board

pytestmark = pytest.mark.django_db
SERVER = {"base_url": "http://server/v1", "model": "m"}


@pytest.fixture(autouse=True)
def approved(monkeypatch):
    monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", "http://server/v1")


def submit(strategy, decoding=None, **model):
    asked = request_for(
        sums_board(), {**SERVER, **model}, generator="openai", strategy=strategy, decoding=decoding or {}
    )
    return submissions.submit(asked, user=None)


@pytest.mark.parametrize(
    ("strategy", "decoding", "model", "words"),
    [
        ("min-p", {"temperature": 2.0}, {}, ("would ignore min_p.", "'T 2 · top-p 0.9' would run here")),
        ("edt", {}, {}, ("functions over the logits", "name logits among its extra", "'T 0.6' would run here")),
        ("beam", {}, {"extra_capabilities": ["logits"]}, ("loop over the model", "'greedy' would run here")),
        ("top-p", {"temperature": 2.0}, {"heats": "last"}, ("no top-p that equals", "'T 2' would run here")),
    ],
)
def test_what_the_backend_would_not_do_is_refused_at_the_strategy(strategy, decoding, model, words):
    with pytest.raises(InvalidInput) as problem:
        submit(strategy, decoding, **model)
    (fault,) = problem.value.errors
    assert fault.path == ("strategy",)
    assert all(word in fault.message for word in (*words, "or run the model with 'transformers'."))
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("strategy", "decoding", "model"),
    [
        ("edt", {}, {"extra_capabilities": ["logits"]}),
        ("penalties", {}, {"extra_capabilities": ["presence_penalty"]}),
        ("min-p", {"temperature": 2.0}, {"extra_capabilities": ["min_p"], "heats": "last"}),
    ],
)
def test_what_is_declared_is_taken(strategy, decoding, model):
    submission, new = submit(strategy, decoding, **model)
    assert new
    assert submission.entry.model.params["extra_capabilities"] == model["extra_capabilities"]


def test_the_two_orders_of_a_server_are_two_models():
    board = sums_board()
    for heats in ("first", "last"):
        asked = request_for(board, {**SERVER, "heats": heats}, generator="openai", strategy="greedy")
        submissions.submit(asked, user=None)
    assert [model.params["heats"] for model in LanguageModel.objects.order_by("pk")] == ["first", "last"]
