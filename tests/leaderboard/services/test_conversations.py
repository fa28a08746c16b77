"""Conversations made turn by turn: each entry goes on from its own answers, and judges see each side's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from leaderboard.contracts import registry
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.values import BenchmarkData, BenchmarkItem, Message
from leaderboard.models import Comparison, Judgment, Output, Submission
from leaderboard.queries.submissions import progress
from leaderboard.services import catalog, submissions
from leaderboard.services.material import Ground, material
from leaderboard.services.streams import Scope
from leaderboard.services.tally import tally
from tests.conversations import ITEMS, Chatty, talk_board
from tests.factories import plain_entries, request_for, submit
from tests.leaderboard.services.test_turns import Seeing

pytestmark = pytest.mark.django_db(transaction=True)


class Asked(Seeing):
    """Sees pairs, and lets their verdicts be taken over."""

    name: ClassVar[str] = "asked"
    cacheable: ClassVar[bool] = True


class Weighing(Asked):
    """Keeps the pairs of which it is asked what they would take."""

    name: ClassVar[str] = "weighing"
    pairs: ClassVar[list[Any]] = []

    def most_tokens(self, pair):
        self.pairs.append(pair)
        return 1, 1

    def provenance(self):
        return {"model": "weighing"}


@pytest.fixture(autouse=True)
def plugins():
    Chatty.heard.clear()
    Chatty.broken.clear()
    Asked.pairs.clear()
    with registry.judges.override(Asked), registry.generators.override(Chatty):
        yield


@pytest.fixture
def board():
    made = talk_board()
    made.judges.set([catalog.judge(plugin="asked", params={})])
    return made


def told(request):
    return [message.content for message in request.messages]


def test_each_turn_goes_on_from_the_entrys_own_answers_after_all_first_turns(board, work):
    submit(board, {"model": "ann"})
    work()
    assert [told(request) for request in Chatty.heard] == [
        ["First?"],
        ["Other?"],
        ["First?", "ann 0 on First?", "Second?"],
        ["Other?", "ann 0 on Other?", "More?"],
        ["First?", "ann 0 on First?", "Second?", "ann 0 on Second?", "Third?"],
    ]
    assert [m.role for m in Chatty.heard[-1].messages] == ["user", "assistant", "user", "assistant", "user"]
    assert Submission.objects.get().state == "done"
    last = Output.objects.get(prompt__key="q:turn-2")
    first = Output.objects.get(prompt__key="q")
    assert last.provenance["follows"] == {"output": first.pk, "ended": "stop"}
    assert "follows" not in first.provenance


def test_a_sample_goes_on_from_the_same_sample_with_its_seed(board, work):
    submit(board, {"model": "ann"}, strategy="temperature", samples=2, seeds=(5, 7))
    work()
    later = [one for one in Chatty.heard if len(one.messages) > 1]
    assert len(later) == 3 * 4
    assert all(f"ann {one.sample} on" in one.messages[1].content for one in later)
    assert {(one.sample, one.seed) for one in later} == {(0, 5), (1, 5), (2, 7), (3, 7)}


def test_no_turn_is_made_twice_by_a_second_submission(board, work):
    submit(board, {"model": "ann"})
    work()
    submit(board, {"model": "ann"})
    work()
    assert len(Chatty.heard) == len(ITEMS)
    assert {s.state for s in Submission.objects.all()} == {"done"}


def test_judges_see_each_side_with_its_own_conversation(board, work):
    submit(board, {"model": "ann"})
    submit(board, {"model": "bob"})
    work()
    pairs = {(pair.prompt, len(pair.earlier_a)): pair for pair in Asked.pairs}
    assert sorted(pairs) == [("First?", 0), ("More?", 2), ("Other?", 0), ("Second?", 2), ("Third?", 4)]
    third = pairs["Third?", 4]
    for name, earlier in (("ann", third.earlier_a), ("bob", third.earlier_b)):
        assert [turn.content for turn in earlier] == [
            "First?",
            f"{name} 0 on First?",
            "Second?",
            f"{name} 0 on Second?",
        ]


def test_equal_answers_after_different_conversations_are_asked_about_and_kept_apart(board, work):
    for name in ("ann", "bob", "cat"):
        submit(board, {"model": name, "same": True})
        work()
    more = [pair for pair in Asked.pairs if pair.prompt == "More?"]
    assert len(more) == 3
    assert {(pair.answer_a, pair.answer_b, pair.identical) for pair in more} == {("Yes.", "Yes.", False)}
    contents = Judgment.objects.filter(comparison__prompt__key="r:turn-2").values_list("content", flat=True)
    assert len(set(contents)) == 3


def test_an_answer_that_fails_leaves_its_later_turns_out_and_a_retry_makes_them(board, work, settings):
    settings.MAX_ATTEMPTS = 1
    Chatty.broken.add("First?")
    submission = submit(board, {"model": "ann"})
    work()
    submission.refresh_from_db()
    assert submission.state == "partial"
    assert "cannot answer First?" in submission.error
    assert sorted(Output.objects.values_list("prompt__key", flat=True)) == ["r", "r:turn-2"]
    assert progress(submission).unasked == 2
    Chatty.broken.clear()
    submissions.retry(submission)
    work()
    submission.refresh_from_db()
    assert submission.state == "done"
    assert Output.objects.count() == len(ITEMS) == len(Chatty.heard)
    assert progress(submission).unasked == 0


def test_an_imported_answer_without_the_one_before_is_not_judged_and_says_so(board, work):
    submit(board, {"model": "ann"})
    work()
    (alone,) = plain_entries(1)
    for prompt in board.benchmark.prompts.exclude(key="q:turn-2"):
        Output.objects.create(entry=alone, prompt=prompt, text="Imported.")
    board.entries.add(alone)
    submission = submit(board, {"model": "ann"})
    work()
    submission.refresh_from_db()
    judged = Judgment.objects.values_list("comparison__prompt__key", flat=True)
    assert sorted(judged) == ["q", "r", "r:turn-2"]
    assert submission.state == "partial"
    assert "no answer to the turn before the prompt 'q:turn-3'" in submission.error


def test_the_turns_of_a_conversation_are_one_cluster(board, work):
    submit(board, {"model": "ann"})
    submit(board, {"model": "bob"})
    work()
    prompts = tuple(board.benchmark.prompts.order_by("position"))
    assert Ground(board, (), prompts, None, ()).talk_places().tolist() == [0, 0, 0, 3, 3]
    assert Ground(board, (), prompts[1:4], None, ()).talk_places().tolist() == [0, 0, 2]
    entries = tuple(board.entries.order_by("slug"))
    battles = material(Ground(board, entries, prompts, tally(Scope.of(board, list(entries))), ())).battles
    assert sorted(zip(battles.prompt.tolist(), battles.cluster.tolist(), strict=True)) == [
        (0, 0),
        (1, 0),
        (2, 0),
        (3, 3),
        (4, 3),
    ]


def test_a_cut_answer_stays_in_the_conversation_and_is_told_with_the_next(board, work):
    submit(board, {"model": "ann", "cut": True})
    work()
    assert Output.objects.get(prompt__key="r:turn-2").provenance["follows"]["ended"] == "length"
    assert Comparison.objects.count() == 0


def test_an_estimate_counts_every_turn_with_the_conversation_before_it(board):
    """At most: each text's bytes, 32 more around each message, and 10 tokens for each of the 4 answers sent along."""
    with registry.judges.override(Weighing):
        board.judges.set([catalog.judge(plugin="weighing", params={})])
        submit(board, {"model": "bob"})
        size = submissions.check(request_for(board, {"model": "ann"}, decoding={"max_new_tokens": 10}))[1]
    texts = [len(item.text) + 32 for item in ITEMS]
    first, second, third, other, more = texts
    conversations = 3 * first + 2 * second + third + 2 * other + more
    assert size.generation.calls == size.comparisons == len(ITEMS)
    assert size.generation.prompt_tokens_at_most == conversations + 4 * (32 + 10)
    assert size.generation.prompt_tokens == round((conversations + 4 * 32) / 4 + 4 * 10)
    assert [len(pair.earlier_a) for pair in Weighing.pairs[:3]] == [0, 2, 4]
    third = Weighing.pairs[2]
    assert [turn.content for turn in third.earlier_b] == ["First?", "b" * 40, "Second?", "b" * 40]
    assert {turn.content for turn in third.earlier_a} == {"First?", "a" * 40, "Second?"}


def test_best_of_several_is_refused_where_turns_follow(board):
    choosing = {"strategy": "best-of-n", "decoding": {"n": 2}}
    with pytest.raises(InvalidInput) as caught:
        submissions.check(request_for(board, {"model": "ann"}, **choosing))
    assert [error.path for error in caught.value.errors] == [("strategy",)]
    assert "each turn goes on" in caught.value.errors[0].message


@pytest.mark.parametrize(
    "items",
    [
        (BenchmarkItem("q:turn-2", "Second?", follows="q"), BenchmarkItem("q", "First?")),
        (BenchmarkItem("q", "First?", follows="q"),),
        (BenchmarkItem("q", "First?"), BenchmarkItem("s", "Second?", earlier=(Message("user", "x"),), follows="q")),
    ],
)
def test_turns_out_of_order_are_refused(items):
    with pytest.raises(InvalidInput, match="must follow an item before it") as caught:
        catalog.benchmark(BenchmarkData("talk", "1", items))
    (fault,) = caught.value.errors
    assert isinstance(fault, FieldError)
    assert fault.path == ("items", items[-1].key if len(items) == 2 and items[-1].follows else items[0].key, "follows")


def test_what_follows_is_part_of_what_a_benchmark_is():
    catalog.benchmark(BenchmarkData("talk", "1", ITEMS))
    loose = (*ITEMS[:-1], replace(ITEMS[-1], follows=""))
    with pytest.raises(InvalidInput, match="another version"):
        catalog.benchmark(BenchmarkData("talk", "1", loose))
