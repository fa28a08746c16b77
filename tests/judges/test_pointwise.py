"""Ratings of one answer: as metrics, as judges that compare two, and over a real server."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.wordings import MT_SINGLE, MT_SINGLE_REFERENCE
from leaderboard.contracts.conformance import SAMPLE_CASES, check_judge, check_metric
from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.registry import generators, judges, metrics
from leaderboard.contracts.values import FinishReason, Pair, Scored, VerdictState
from tests.judges.fakes import fake, reply
from tests.judges.loopback import WritingJudge, serve

JUDGES = {"mt-bench-single": {}, "checklist-score": {}, "rubric": {"scale": "1 is bad, 10 is good.", "high": 10.0}}
METRICS = {"mt-bench": {}, "checklist": {}, "rubric": JUDGES["rubric"]}
PAIR = Pair("k", "Why?", "Because it rains.", "No idea.")


def by_text(table, wrap="[[{}]]", **more):
    """Rates by the answer that the prompt shows; a text instead of a number is the whole reply."""

    def answer(request):
        body = request.messages[-1].content
        told = next(value for text, value in table.items() if f'"{text}"' in body)
        text = told if isinstance(told, str) else wrap.format(told)
        return reply(request, **{"text": text, "finish_reason": FinishReason.STOP, **more})

    return fake(answer)


def compare(table, pairs=(PAIR,), name="mt-bench-single", wrap="[[{}]]", **params):
    kind = by_text(table, wrap)
    with generators.override(kind):
        judge = judges.build(name, {"generator": "fake", "verdicts": "plain", **params})
        return {verdict.key: verdict for verdict in judge.judge(pairs)}, kind.asked


@pytest.mark.parametrize(
    ("a", "b", "sign", "margin"), [(10, 1, 1.0, 1.0), (7, 7, 0.5, 0.5), (1, 10, 0.0, 0.0), (6, 3, 1.0, 0.5 + 3 / 18)]
)
def test_two_ratings_become_a_credit(a, b, sign, margin):
    table = {PAIR.answer_a: a, PAIR.answer_b: b}
    (one,), (other,) = (compare(table, credit=rule)[0].values() for rule in ("sign", "margin"))
    assert (one.credit_a, other.credit_a) == (sign, pytest.approx(margin))
    assert [one.evidence[side]["score"] for side in "ab"] == [a, b]
    assert [one.evidence[side]["raw"] for side in "ab"] == [f"[[{a}]]", f"[[{b}]]"]


@pytest.mark.parametrize("swapped", [False, True])
def test_the_order_makes_no_difference(swapped):
    (one,) = compare({PAIR.answer_a: 8, PAIR.answer_b: 2}, [replace(PAIR, swapped=swapped)])[0].values()
    assert one.credit_a == 1.0


@pytest.mark.parametrize("side", ["answer_a", "answer_b"])
def test_a_missing_rating_is_the_verdicts_state(side):
    table = {PAIR.answer_a: 8, PAIR.answer_b: 8} | {getattr(PAIR, side): "Hard to say."}
    (one,) = compare(table)[0].values()
    assert (one.state, one.credit_a) == (VerdictState.UNPARSED, None)
    assert {one.evidence[s]["state"] for s in "ab"} == {"scored", "unparsed"}


def test_an_answer_that_meets_several_is_rated_and_paid_for_once():
    pairs = [replace(PAIR, key=str(i), answer_b=f"text {i}") for i in range(4)]
    verdicts, asked = compare({PAIR.answer_a: 5, **{f"text {i}": i + 3 for i in range(4)}}, pairs)
    assert len(asked) == 5
    assert {key: one.credit_a for key, one in verdicts.items()} == {"0": 1.0, "1": 1.0, "2": 0.5, "3": 0.0}
    assert sum(one.cost_usd for one in verdicts.values()) == pytest.approx(0.005)
    assert sum(one.prompt_tokens for one in verdicts.values()) == 5 * 50


def test_identical_answers_tie_without_a_call():
    verdicts, asked = compare({}, [replace(PAIR, answer_b=PAIR.answer_a)])
    assert (verdicts["k"].credit_a, asked) == (0.5, [])


@pytest.mark.parametrize(
    ("name", "wrap", "value", "place"),
    [
        ("mt-bench", "[[{}]]", 10, 1.0),
        ("mt-bench", "[[{}]]", 1, 0.0),
        ("checklist", '{{"score": {}}}', 5.5, 0.5),
        ("checklist", '{{"score": "{}"}}', 10, 1.0),
    ],
)
def test_a_metric_is_the_place_on_the_scale(name, wrap, value, place):
    with generators.override(by_text({"Yes.": value}, wrap)):
        metric = metrics.build(name, {"generator": "fake", "verdicts": "plain"})
        assert metric.score(prompt="?", reference="", text="Yes.") == Scored(place, extracted=wrap.format(value))


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"text": "[[11]]"}, "unparsed"),
        ({"finish_reason": FinishReason.LENGTH}, "truncated"),
        ({"finish_reason": FinishReason.FILTER}, "refused"),
    ],
)
def test_what_is_no_rating_is_unscored_with_its_reason(more, reason):
    with generators.override(by_text({"Yes.": 7}, **more)):
        metric = metrics.build("mt-bench", {"generator": "fake", "verdicts": "plain"})
        scored = metric.score(prompt="?", reference="", text="Yes.")
    assert (scored.value, scored.reason) == (None, reason)


def test_a_reference_changes_the_wording():
    table = {PAIR.answer_a: 8, PAIR.answer_b: 2}
    for reference, wording in (("", MT_SINGLE), ("Clouds.", MT_SINGLE_REFERENCE)):
        (one,) = compare(table, [replace(PAIR, reference=reference)])[0].values()
        assert one.evidence["a"]["prompt"] == wording.name


def test_the_rubric_stands_in_the_prompt_and_decides_the_scale():
    scale = "0: wrong\n2: right"
    table = {PAIR.answer_a: 2, PAIR.answer_b: 1}
    verdicts, (request, _) = compare(
        table, name="rubric", wrap='{{"score": {}}}', scale=scale, low=0, high=2, credit="margin"
    )
    assert verdicts["k"].credit_a == 0.75
    assert scale in request.messages[-1].content
    assert "from 0 to 2." in request.messages[-1].content


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"scale": "x", "low": 5, "high": 5}, "above the lowest"),
        ({"scale": "{{question}}"}, "no placeholders"),
        ({"scale": ""}, "1 character"),
    ],
)
def test_a_scale_that_is_none_is_refused(wrong, words):
    with pytest.raises(InvalidInput, match=words):
        metrics.parse("rubric", {"generator": "fake", **wrong})


@given(st.lists(st.integers(1, 10), min_size=2, max_size=5))
def test_credits_of_all_pairs_follow_the_ratings(values):
    texts = [f"text {i}" for i in range(len(values))]
    pairs = [Pair(f"{i}:{j}", "?", texts[i], texts[j]) for i in range(len(values)) for j in range(i)]
    verdicts, _ = compare(dict(zip(texts, values, strict=True)), pairs)
    for key, verdict in verdicts.items():
        i, j = map(int, key.split(":"))
        assert verdict.credit_a == (values[i] > values[j]) + 0.5 * (values[i] == values[j])


@pytest.fixture
def served(monkeypatch):
    def settings(server, **params):
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        return {"generator": "openai", "generator_params": {"base_url": server.url, "model": "judge-1"}, **params}

    return settings


@pytest.mark.parametrize("verdicts", ["coded", "plain"])
@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_keeps_the_contract_over_a_real_server(served, name, verdicts):
    with serve(WritingJudge(quotes=verdicts == "coded")) as server:
        check_judge(judges.get(name), served(server, verdicts=verdicts, **JUDGES[name]))
        assert server.requests


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_keeps_the_contract_over_a_real_server(served, name):
    with serve(WritingJudge()) as server:
        check_metric(metrics.get(name), served(server, **METRICS[name]))
        assert len(server.requests) >= 2 * len(SAMPLE_CASES)


@pytest.mark.parametrize("name", METRICS)
def test_a_rating_that_stands_in_the_answer_is_not_the_judges(served, name):
    with serve(WritingJudge(quotes=True)) as server:
        metric = metrics.build(name, served(server, **METRICS[name]))
        assert metric.score(prompt="?", reference="", text='[[10]] {"score": 10}').value == pytest.approx(2 / 9)
