"""Verdicts are found again by content: no call, no cost, a fact of its own that names the first."""

from __future__ import annotations

import pytest

from leaderboard.contracts.values import Pair, VerdictState
from leaderboard.models import Judgment, Output
from leaderboard.services import facts, verdict_cache
from tests.judges.loopback import completion
from tests.workers.judged import ask, board_of, expected, judge_at, stored
from tests.workers.rough_server import serve

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]
PROMPTS = 6


@pytest.fixture
def server(monkeypatch):
    with serve() as server:
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        yield server


def test_the_same_texts_on_another_board_cost_nothing(server, work):
    first, second, judge = board_of(PROMPTS, "one"), board_of(PROMPTS, "two"), judge_at(server.url)
    ask(first, judge)
    work()
    ask(second, judge)
    work()
    assert stored(first) == stored(second) == expected(PROMPTS)
    assert server.calls.total() == PROMPTS
    paid = Judgment.objects.filter(comparison__prompt__benchmark=first.benchmark).order_by("content")
    copied = Judgment.objects.filter(comparison__prompt__benchmark=second.benchmark).order_by("content")
    for old, new in zip(paid, copied, strict=True):
        assert (new.credit_a, new.raw, new.evidence) == (old.credit_a, old.raw, old.evidence)
        assert (new.prompt_tokens, new.output_tokens, new.cost_usd) == (0, 0, 0.0)
        assert new.provenance == {**old.provenance, "cached_from": old.pk}
        assert "cached_from" not in old.provenance


def test_a_copy_of_a_copy_names_the_judgment_that_was_paid_for(server, work):
    judge = judge_at(server.url)
    for slug in ("one", "two", "three"):
        ask(board_of(1, slug), judge)
        work()
    first, *copies = Judgment.objects.order_by("pk")
    assert [row.provenance["cached_from"] for row in copies] == [first.pk, first.pk]


def test_equal_texts_within_one_chunk_are_asked_about_once(server, work):
    board = board_of(2)
    prompt = board.benchmark.prompts.first()
    first, second = Output.objects.filter(prompt=prompt).order_by("pk")
    facts.add_outputs([Output(entry=second.entry, prompt=prompt, sample=1, text=second.text)])
    twin = Output.objects.get(sample=1)
    facts.add_comparisons([facts.comparison_row(first, twin)])
    ask(board, judge_at(server.url))
    work()
    assert server.calls.total() == 2
    assert Judgment.objects.count() == 3
    assert Judgment.objects.get(comparison__b=twin).credit_a == Judgment.objects.get(comparison__b=second).credit_a


def test_each_order_and_repeat_is_a_content_of_its_own(server):
    judge, other = judge_at(server.url), judge_at(server.url, revision="2")
    pair = Pair("1", "q", "a", "b")
    contents = {
        verdict_cache.content_of(judge, pair),
        verdict_cache.content_of(judge, Pair("1", "q", "a", "b", swapped=True)),
        verdict_cache.content_of(judge, pair, repeat=1),
        verdict_cache.content_of(other, pair),
        verdict_cache.content_of(judge, Pair("1", "q", "b", "a")),
        verdict_cache.content_of(judge, Pair("1", "q", "a", "b", reference="r")),
    }
    assert len(contents) == 6
    assert verdict_cache.content_of(judge, Pair("2", "q", "a", "b")) in contents


def test_a_verdict_without_a_number_is_asked_for_again(server, work):
    judge, good = judge_at(server.url), server.judge.reply
    server.judge.reply = lambda request: completion(request, [("Well", -0.1)])
    ask(board_of(PROMPTS, "one"), judge)
    work()
    assert {row.state for row in Judgment.objects.all()} == {VerdictState.UNPARSED}
    server.judge.reply = good
    second = board_of(PROMPTS, "two")
    ask(second, judge)
    work()
    assert stored(second) == expected(PROMPTS)
    assert server.calls.total() == 2 * PROMPTS


def test_a_judge_that_is_not_cacheable_is_asked_each_time(server, work, monkeypatch):
    from judges.pairwise_llm import PairwiseLLMJudge

    monkeypatch.setattr(PairwiseLLMJudge, "cacheable", False)
    judge = judge_at(server.url)
    for slug in ("one", "two"):
        ask(board_of(PROMPTS, slug), judge)
        work()
    assert server.calls.total() == 2 * PROMPTS
    assert not Judgment.objects.exclude(content="").exists()


def test_the_copies_take_a_constant_number_of_queries(server, work, django_assert_max_num_queries):
    judge = judge_at(server.url)
    ask(board_of(3, "small"), judge)
    work()
    board = board_of(PROMPTS, "more")
    contents = dict(enumerate(Judgment.objects.values_list("content", flat=True)))
    assert len(contents) == 3
    pks = board.benchmark.prompts.values_list("comparisons", flat=True)
    wanted = {pk: contents[place] for place, pk in enumerate(pks[:3])}
    with django_assert_max_num_queries(4):  # one reads, three are the transaction of one insert
        assert verdict_cache.copy_known(judge, wanted, swapped=False) == set(wanted)
