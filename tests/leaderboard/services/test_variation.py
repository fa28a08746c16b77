"""The non-determinism report of a board: its numbers by hand, made when the board is idle, once for equal scores."""

from __future__ import annotations

import pytest

from leaderboard.contracts.values import ModelIdentity
from leaderboard.models import Output, VariationReport
from leaderboard.services import variation
from tests.factories import Parrot, submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]
MODEL = {"model": "polly", "wrong_every": 2}
"""It errs where the first summand and the sample index together are even."""


@pytest.fixture
def board(work):
    made = sums_board()
    submit(made, MODEL)
    submit(made, MODEL, strategy="temperature", decoding={"temperature": 0.7}, samples=3)
    work()
    made.refresh_from_db()
    return made


def test_the_report_of_two_configurations_by_hand(board):
    (report,) = VariationReport.objects.all()
    greedy, sampled = report.details["entries"]
    assert (report.model.name, report.details["greedy"]) == ("polly", greedy["slug"])
    # Six prompts; samples 0 and 2 err on the even summands, sample 1 on the odd ones.
    assert (greedy["runs"]["mean"], greedy["samples"], "gap" in greedy) == (0.5, 1, False)
    assert sampled["runs"]["scores"] == [0.5, 0.5, 0.5]
    assert (sampled["runs"]["mean"], sampled["runs"]["std"], sampled["runs"]["range"]) == (0.5, 0.0, 0.0)
    assert sampled["consistency"] == {"always": 0, "sometimes": 6, "never": 0, "unscored": 0}
    assert sampled["gap"]["gap"]["value"] == 0.0
    # Of three samples one or two are right: the best of 2 is right on 1 of 3 pairs or all but one.
    oracle = {k: point["value"] for k, point in sampled["best_of"]["oracle"]}
    assert oracle == pytest.approx({1: 0.5, 2: (2 / 3 + 1) / 2, 3: 1.0})
    assert {k: p["value"] for k, p in sampled["best_of"]["random"]} == pytest.approx({1: 0.5, 2: 0.5, 3: 0.5})
    # The majority of three is right where two are: on the odd summands.
    assert {k: p["value"] for k, p in sampled["best_of"]["majority"]}[3] == pytest.approx(0.5)
    assert sampled["lengths"]["tokens"] == {"value": 6.0, "se": 0.0, "low": 6.0, "high": 6.0}
    assert {name: share["value"] for name, share in sampled["shares"].items()} == dict.fromkeys(
        ("truncated", "empty", "repeated"), 0.0
    )
    assert (sampled["unscored"], sampled["right_wrong"], sampled["seeds"]) == (0, True, 1)


def test_every_pair_is_tested_and_strategies_meet_at_equal_volume(board, work):
    for value in (0.1, 0.3):
        submit(board, MODEL, strategy="min-p", decoding={"temperature": 1.0, "min_p": value}, samples=2)
    work()
    details = VariationReport.objects.latest("pk").details
    assert len(details["tests"]) == 4 * 3 / 2
    first = details["tests"][0]
    assert (first["first"], first["second"], first["pairs"], first["difference"]) == ("greedy", "T 0.7", 6, 0.0)
    assert all(test["p_holm"] >= test["p_value"] for test in details["tests"])
    assert details["volume"]["common"] == 1
    assert {curve["strategy"]: len(curve["best"]) for curve in details["volume"]["curves"]} == {
        "min-p": 2,
        "temperature": 1,
    }


def test_equal_scores_give_one_report_and_new_ones_another(board, work):
    assert [r.pk for r in variation.refresh(board)] == [r.pk for r in variation.refresh(board)]
    assert VariationReport.objects.count() == 1
    submit(board, MODEL, strategy="temperature", decoding={"temperature": 1.3}, samples=2)
    work()
    assert VariationReport.objects.count() == 2
    assert len(VariationReport.objects.latest("pk").details["entries"]) == 3


def test_two_models_with_one_setting_are_ranked_both_ways(board, work):
    other = {"model": "coco"}
    submit(board, other)
    submit(board, other, strategy="temperature", decoding={"temperature": 0.7}, samples=3)
    work()
    (pair,) = VariationReport.objects.latest("pk").details["flips"]
    assert (pair["label"], pair["first"], pair["second"], pair["flipped"]) == ("T 0.7", "coco", "polly", False)
    assert (pair["greedy_difference"], pair["sampled_difference"]) == (0.5, 0.5)


def test_two_revisions_of_one_name_and_another_system_text_are_kept_apart(board, work, monkeypatch):
    monkeypatch.setattr(Parrot, "identity", classmethod(lambda _, params: ModelIdentity("test", "polly", params.model)))
    twin = {"model": "2"}
    submit(board, twin)
    submit(board, twin, strategy="temperature", decoding={"temperature": 0.7}, samples=3)
    submit(board, twin, system="Be exact.")
    submit(board, twin, system="Be exact.", strategy="temperature", decoding={"temperature": 0.7}, samples=2)
    work()
    details = VariationReport.objects.latest("pk").details
    assert len({row["template"] for row in details["entries"]}) == 2
    assert len(details["tests"]) == 2
    assert [row["samples"] for row in details["entries"]] == [1, 3, 1, 2]
    (pair,) = details["flips"]
    assert pair["first"] != pair["second"]


def test_none_is_made_while_a_submission_runs_or_for_one_configuration(bell):
    made = sums_board()
    submit(made, MODEL)
    assert variation.refresh_when_idle(made) == []
    assert variation.refresh(made) == []
    assert not Output.objects.exists()
