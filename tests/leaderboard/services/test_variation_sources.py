"""What the non-determinism report reads beside the board's scores: texts, seeds, judges, and metrics that select."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.contracts import registry
from leaderboard.contracts.params import NoParams, Params
from leaderboard.contracts.values import Scored
from leaderboard.models import Board, Comparison, Judge, Judgment, Output, Score, VariationReport
from leaderboard.ratings.variation.repeats import distinct_n
from leaderboard.ratings.variation.self_bleu import self_bleu
from leaderboard.services import catalog, facts, variation, variation_texts
from tests.factories import submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]
MODEL = {"model": "polly", "wrong_every": 2}
"""It errs where the first summand and the sample index together are even."""


def sampled(temperature: float = 0.7, **more: Any) -> dict[str, Any]:
    return {"strategy": "temperature", "decoding": {"temperature": temperature}, **more}


@pytest.fixture
def board(work):
    made = sums_board()
    submit(made, MODEL)
    submit(made, MODEL, **sampled(samples=3))
    work()
    made.refresh_from_db()
    return made


def entries_of(board: Board) -> list[dict[str, Any]]:
    variation.refresh(board)
    return VariationReport.objects.filter(board=board).latest("pk").details["entries"]


def texts_of(slug: str) -> list[list[str]]:
    rows = Output.objects.filter(entry__slug=slug).order_by("prompt__position", "sample").values_list("prompt", "text")
    found: dict[int, list[str]] = {}
    for prompt, text in rows:
        found.setdefault(prompt, []).append(text)
    return list(found.values())


def test_diversity_is_measured_over_the_texts_of_each_prompt(board):
    greedy, other = entries_of(board)
    texts, found = texts_of(other["slug"]), other["diversity"]
    assert (greedy["diversity"], found["samples"]) == (None, 3)
    assert found["self_bleu"]["value"] == pytest.approx(self_bleu(texts).mean())
    assert found["distinct_2"]["value"] == pytest.approx(distinct_n(texts, 2).mean())
    # Samples 0 and 2 are equal and sample 1 is not, on every prompt.
    assert found["unique"] == pytest.approx({"value": 2 / 3, "se": 0, "low": 2 / 3, "high": 2 / 3})


def test_few_texts_at_a_time_give_the_same_report(board, monkeypatch):
    whole = entries_of(board)
    VariationReport.objects.all()._raw_delete("default")
    monkeypatch.setattr(variation_texts, "HELD", 4)
    assert entries_of(board) == whole


def test_all_configurations_are_compared_over_as_many_samples(board, work):
    submit(board, MODEL, **sampled(1.3, samples=2))
    work()
    assert [row["diversity"]["samples"] for row in entries_of(board)[1:]] == [2, 2]


def test_stuck_outputs_are_counted(board):
    entry = board.entries.get(decoding__label="T 0.7")
    prompt = board.benchmark.prompts.first()
    metric = board.metric
    facts.add_outputs([Output(entry=entry, prompt=prompt, sample=3, text="no, no, " * 8)])
    facts.add_scores([Score(metric=metric, output=Output.objects.get(entry=entry, prompt=prompt, sample=3), value=0.0)])
    found = entries_of(board)[1]
    # One of the four texts of one of six prompts.
    assert found["shares"]["repeated"]["value"] == pytest.approx(1 / 4 / 6)


def test_a_greedy_entry_has_quality_and_no_diversity(board):
    entries_of(board)
    greedy, other = VariationReport.objects.latest("pk").details["tradeoffs"]
    assert (greedy["quality"]["value"], greedy["diversity"]["value"]) == (0.5, 0.0)
    assert greedy["eda"]["value"] == pytest.approx(((0.5**2 + 1) / 2) ** 0.5)
    # As good and more diverse.
    assert (greedy["on_frontier"], other["on_frontier"]) == (False, True)


def test_seeds_are_a_level_of_their_own(work):
    made = sums_board()
    submit(made, MODEL)
    submit(made, MODEL, **sampled(samples=2, seeds=(7, 9)))
    work()
    greedy, other = entries_of(made)
    assert (greedy["seeds"], other["seeds"], other["samples"]) == (1, 2, 4)
    levels = {level["name"]: level["variance"] for level in other["split"]["levels"]}
    # Right and wrong take turns, so either seed has one of each, whatever the prompt.
    assert levels == pytest.approx({"prompt": 0.0, "seed": 0.0, "sample": 0.25})
    assert other["split"]["absent"] == {}


def test_one_sample_a_seed_cannot_be_told_from_the_seed(work):
    made = sums_board()
    submit(made, MODEL)
    submit(made, MODEL, **sampled(samples=1, seeds=(7, 9)))
    work()
    split = entries_of(made)[1]["split"]
    assert [level["name"] for level in split["levels"]] == ["prompt", "seed"]
    assert "a seed of its own" in split["absent"]["sample"]


def second_judge(board: Board) -> Judge:
    judge = catalog.judge(plugin="reference", params={"marker": "it is"})
    board.judges.add(judge)
    return judge


def judge_all(judge: Judge, credit: Callable[[Comparison, bool, int], float], repeats: int = 1) -> None:
    facts.add_judgments(
        Judgment(judge=judge, comparison=pair, swapped=swapped, repeat=repeat, state="scored", credit_a=made)
        for pair in Comparison.objects.select_related("a", "b", "prompt")
        for swapped in (False, True)
        for repeat in range(repeats)
        for made in [credit(pair, swapped, repeat)]
    )


def test_a_judge_with_both_orders_has_its_credit_split(board):
    judge = second_judge(board)
    judge_all(judge, lambda pair, swapped, _: 0.25 if swapped else 0.75)
    rows = entries_of(board)
    for row in rows:
        found = row["judged"][judge.name]
        levels = {level["name"]: level["component"] for level in found["levels"]}
        # Who is shown first has 0.75, everywhere: all of the variance is the order's.
        assert levels["order"] == pytest.approx(0.0625) and found["total"] == pytest.approx(0.0625)
        assert "once" in found["absent"]["repeat"] and "one seed" in found["absent"]["seed"]
    greedy, other = ([level["name"] for level in row["judged"][judge.name]["levels"]] for row in rows)
    # The greedy output meets each of three samples; each sample meets the greedy output alone.
    assert (greedy, other) == (["prompt", "opponent", "order"], ["prompt", "sample", "order"])
    told = VariationReport.objects.latest("pk").details["judges"]
    assert [bool(one["reason"]) for one in told] == [one["name"] != judge.name for one in told]


def test_repeats_are_a_level_and_the_credit_is_the_entrys(board):
    judge = second_judge(board)
    greedy = board.entries.get(decoding__label="greedy")
    judge_all(judge, lambda pair, _, repeat: float((pair.entry_a_id == greedy.pk) == (repeat < 2)), repeats=3)
    row = entries_of(board)[0]["judged"][judge.name]
    # Greedy wins two repeats of three, on whatever side it stands: all variance is 1/3 · 2/3, between the repeats.
    levels = {level["name"]: level["variance"] for level in row["levels"]}
    assert levels == pytest.approx({"prompt": 0, "opponent": 0, "order": 0, "repeat": 2 / 9})


def test_the_baseline_is_the_only_opponent_and_has_no_split(board, work):
    submit(board, MODEL, **sampled(1.3, samples=1))
    work()
    judge = second_judge(board)
    judge_all(judge, lambda pair, swapped, _: 0.25 if swapped else 0.75)
    board.baseline = board.entries.get(decoding__label="greedy")
    board.save()
    greedy, one, other = entries_of(board)
    assert greedy["judged"] == {}
    assert [level["name"] for level in one["judged"][judge.name]["levels"]] == ["prompt", "sample", "order"]
    assert [level["name"] for level in other["judged"][judge.name]["levels"]] == ["prompt", "order"]


class Stars:
    """A metric that selects: five stars for an even number at the end."""

    name: ClassVar[str] = "stars"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Stars in tests"
    Params: ClassVar[type[Params]] = NoParams
    selects: ClassVar[bool] = True

    def __init__(self, params: Any) -> None:
        self.params = params

    def score(self, *, prompt: str, reference: str, text: str) -> Scored:
        return Scored(5.0 if int(text.rstrip(".").split()[-1]) % 2 == 0 else 1.0)


def rate_all(metric: Any) -> None:
    stars = Stars(None)
    facts.add_scores(
        Score(metric=metric, output=output, value=stars.score(prompt="", reference="", text=output.text).value)
        for output in Output.objects.all()
    )


def test_a_metric_that_selects_is_a_curve(board):
    with registry.metrics.override(Stars):
        metric = catalog.metric(plugin="stars", params={})
        before = entries_of(board)[1]
        rate_all(metric)
        after = entries_of(board)[1]
    assert metric.name not in before["best_of"]
    # Sums of a number and itself are even, so an even answer is the right one: as good as the oracle.
    oracle, chosen = ([point["value"] for _, point in after["best_of"][name]] for name in ("oracle", metric.name))
    assert chosen == pytest.approx(oracle) and VariationReport.objects.count() == 2


def test_another_metric_and_a_plugin_that_is_gone_select_nothing(board):
    facts.add_scores(
        Score(metric=catalog.metric(plugin="rouge-l", params={}), output=output, value=0.5)
        for output in Output.objects.all()
    )
    with registry.metrics.override(Stars):
        gone = catalog.metric(plugin="stars", params={})
    rate_all(gone)
    assert set(entries_of(board)[1]["best_of"]) == {"oracle", "random", "majority", "likelihood"}


def test_texts_are_read_by_one_query_a_model(board, work):
    with CaptureQueriesContext(connection) as seen:
        VariationReport.objects.all()._raw_delete("default")
        variation.refresh(board)
    assert sum('"text"' in query["sql"] and "LENGTH" not in query["sql"].upper() for query in seen) == 1
