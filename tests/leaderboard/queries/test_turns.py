"""Conversations as they are read: fixed turns, an entry's own answers, sample by sample, in few queries."""

from __future__ import annotations

import pytest

from leaderboard.contracts.values import BenchmarkData, BenchmarkItem, Message
from leaderboard.models import Output
from leaderboard.queries.turns import MissingTurnError, Talks
from leaderboard.services import catalog
from tests.factories import plain_entries

pytestmark = pytest.mark.django_db
HELLO = (Message("user", "Hello?"), Message("assistant", "Hello!"))
ITEMS = (
    BenchmarkItem("q", "First?", earlier=HELLO),
    BenchmarkItem("q:turn-2", "Second?", follows="q"),
    BenchmarkItem("q:turn-3", "Third?", follows="q:turn-2"),
    BenchmarkItem("plain", "Alone?"),
)


@pytest.fixture
def made():
    benchmark = catalog.benchmark(BenchmarkData("talk", "1", ITEMS))
    prompts = {prompt.key: prompt for prompt in benchmark.prompts.all()}
    entries = plain_entries(2)
    for entry in entries:
        for sample in (0, 1):
            for key in ("q", "q:turn-2"):
                text = f"{entry.model.name} {sample} to {key}"
                Output.objects.create(entry=entry, prompt=prompts[key], sample=sample, text=text)
    return prompts, entries


def test_a_later_turn_has_the_entrys_own_answers_of_the_same_sample(made):
    prompts, entries = made
    spots = [(prompts["q:turn-3"], entry.pk, sample) for entry in entries for sample in (0, 1)]
    talks = Talks(spots)
    for entry, name in zip(entries, ("entry-0", "entry-1"), strict=True):
        for sample in (0, 1):
            assert talks.messages(prompts["q:turn-3"], entry.pk, sample) == (
                *HELLO,
                Message("user", "First?"),
                Message("assistant", f"{name} {sample} to q"),
                Message("user", "Second?"),
                Message("assistant", f"{name} {sample} to q:turn-2"),
            )
    answer = talks.before(prompts["q:turn-3"], entries[0].pk, 1)[-1].output
    assert answer == Output.objects.get(entry=entries[0], prompt=prompts["q:turn-2"], sample=1)


def test_queries_grow_with_the_turns_and_not_with_the_outputs(made, django_assert_num_queries):
    prompts, entries = made
    with django_assert_num_queries(4):
        Talks((prompts["q:turn-3"], entry.pk, sample) for entry in entries for sample in (0, 1))
    with django_assert_num_queries(0):
        assert Talks([(prompts["q"], entries[0].pk, 0)]).messages(prompts["q"], entries[0].pk, 0) == HELLO
        assert Talks([(prompts["plain"], entries[0].pk, 0)]).messages(prompts["plain"], entries[0].pk, 0) == ()


def test_an_answer_that_is_missing_is_told_and_never_left_out(made):
    prompts, (entry, _) = made
    talks = Talks([(prompts["q:turn-3"], entry.pk, 5)])
    assert [turn.missing for turn in talks.before(prompts["q:turn-3"], entry.pk, 5)] == [False] * 3 + [
        True,
        False,
        True,
    ]
    with pytest.raises(MissingTurnError, match="the turn before the prompt 'q:turn-3'"):
        talks.messages(prompts["q:turn-3"], entry.pk, 5)
