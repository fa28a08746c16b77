"""Trials of a judge: which pairs, what is kept, what is refused, and a board that takes the judge."""

from __future__ import annotations

import uuid

import pytest

from leaderboard.contracts import registry
from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.values import FinishReason
from leaderboard.models import Comparison, Job, Judge, JudgeTrial, Judgment
from leaderboard.services import trials
from tests.factories import sums_board
from tests.judges.fakes import fake, reply

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]


@pytest.fixture
def board(right_and_wrong):
    return right_and_wrong


@pytest.fixture
def staff(django_user_model):
    return django_user_model.objects.create_user("eve", is_staff=True)


@pytest.fixture
def model():
    """A judge's model that finds slot 1 much better, in MT-bench's and Arena-Hard's words."""

    def answer(request):
        words = request.messages[-1].content.rpartition("verdict")[2]
        verdict = words[words.index("[[") : words.index("]]") + 2]
        return reply(request, text=f"Slot 1.\x00 {verdict}", finish_reason=FinishReason.STOP)

    with registry.generators.override(fake(answer)):
        yield


def ask(staff, board="sums", plugin="arena-hard", **params):
    return trials.ask(board=board, plugin=plugin, params={"generator": "fake", **params}, user=staff)


def test_five_pairs_are_tried_by_a_worker_and_nothing_counts(board, staff, model, work):
    before = Judgment.objects.count()
    pk = ask(staff)
    assert not JudgeTrial.objects.exists()
    work()
    trial = JudgeTrial.objects.get(pk=pk)
    assert (trial.board, trial.plugin, trial.user, trial.params["tries"]) == (board, "arena-hard", staff, 1)
    assert len(trial.rows) == 5
    assert [row["swapped"] for row in trial.rows] == [False, True, False, True, False]
    assert [row["credit_a"] for row in trial.rows] == [1.0, 0.0, 1.0, 0.0, 1.0]
    for row in trial.rows:
        assert "Slot 1.\ufffd [[" in row["raw"]
        assert [message["role"] for message in row["messages"]] == ["system", "user"]
        assert "{{" not in row["messages"][1]["content"]
    assert (Judgment.objects.count(), Judge.objects.count()) == (before, 1)


def test_the_same_pairs_come_up_each_time_and_all_have_different_texts(board):
    chosen = trials.pairs_of(board)
    assert chosen == trials.pairs_of(board)
    rows = Comparison.objects.in_bulk([pk for pk, _ in chosen]).values()
    assert len({row.prompt_id for row in rows}) == 5
    assert all(row.a.text != row.b.text for row in rows)
    assert len(trials.pairs_of(board, 50)) == 6


def test_a_judge_that_sends_nothing_is_tried_too(board, staff, work):
    pk = trials.ask(board="sums", plugin="reference", params={}, user=staff)
    work()
    rows = JudgeTrial.objects.get(pk=pk).rows
    assert {row["state"] for row in rows} == {"scored"}
    assert [row["messages"] for row in rows] == [[]] * 5


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"board": "nowhere"}, ("board",)),
        ({"plugin": "nobody"}, ("judge",)),
        ({"tries": 0}, ("params", "tries")),
        ({"generator": "nothing"}, ("params", "generator")),
        ({"generator": "openai"}, ("params", "generator_params", "base_url")),
        (
            {"generator": "openai", "generator_params": {"base_url": "http://nowhere/v1", "model": "m"}},
            ("params", "generator_params", "base_url"),
        ),
    ],
)
def test_a_fault_is_told_on_its_field_and_asks_for_nothing(board, staff, model, change, path):
    with pytest.raises(InvalidInput) as caught:
        ask(staff, **change)
    assert path in [error.path for error in caught.value.errors]
    assert not Job.objects.filter(kind="trial").exists()


def test_a_board_without_pairs_is_told(staff):
    sums_board()
    with pytest.raises(InvalidInput, match="no pairs of different outputs yet"):
        trials.ask(board="sums", plugin="reference", params={}, user=staff)


def test_only_staff_may_ask(board, django_user_model):
    user = django_user_model.objects.create_user("bob")
    with pytest.raises(PermissionError):
        trials.ask(board="sums", plugin="reference", params={}, user=user)


def test_a_board_takes_the_judge_and_all_pairs_are_judged_in_both_orders(board, model, work):
    params = {"generator": "fake"}
    judge, count = trials.add_to_board(board=board, plugin="arena-hard", params=params, name="my-judge")
    assert (judge.name, count) == ("my-judge", 12)
    board.refresh_from_db()
    before = board.current.digest
    work()
    board.refresh_from_db()
    mine = Judgment.objects.filter(judge=judge)
    assert (mine.count(), mine.filter(swapped=True).count()) == (12, 6)
    assert set(board.judges.values_list("name", flat=True)) == {"reference", "my-judge"}
    assert board.current.digest != before
    assert board.current.standings.first().n == 18


def test_taking_it_twice_asks_for_what_is_missing_alone(board, model, work):
    params = {"generator": "fake"}
    trials.add_to_board(board=board, plugin="arena-hard", params=params)
    work()
    _, count = trials.add_to_board(board=board, plugin="arena-hard", params=params)
    assert (count, Judge.objects.filter(plugin="arena-hard").count()) == (0, 1)


@pytest.mark.parametrize("name", ["two words", "x" * 61, "a/b"])
def test_a_name_that_is_no_name_is_refused(board, name):
    with pytest.raises(InvalidInput) as caught:
        trials.add_to_board(board=board, plugin="reference", params={}, name=name)
    assert caught.value.errors[0].path == ("name",)


def test_a_trial_is_kept_once(board):
    own = {"pk": uuid.uuid4(), "board_id": board.pk, "plugin": "reference", "params": {}, "user_id": None}
    for rows in ([{"raw": "a\x00"}], [{"raw": "b"}]):
        trials.record(rows=rows, **own)
    assert JudgeTrial.objects.get().rows == [{"raw": "a\ufffd"}]


def test_another_benchmarks_pairs_are_not_shown(board):
    other = sums_board(version="2", slug="other")
    assert trials.pairs_of(other) == []
