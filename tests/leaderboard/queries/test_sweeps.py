"""What the page of a sweep reads: every arm, with numbers by hand, in a constant number of queries."""

from __future__ import annotations

import pytest

from leaderboard.queries import sweeps as read
from leaderboard.ratings.variation.prompt_split import tune_mask
from leaderboard.services import pipeline, submissions, sweeps
from leaderboard.services.grids import Grid
from tests.factories import submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]
GRIDS = (Grid("greedy", {}), Grid("temperature", {"temperature": [0.5, 1]}))
MODEL = {"model": "polly", "wrong_every": 2}
"""It errs where the first summand and the sample index together are even."""


def declare(**more):
    fields = {"board": "sums", "generator": "parrot", "model": MODEL, "arms": GRIDS, "samples": 2}
    made, _ = sweeps.submit(sweeps.Request(**{**fields, **more}), user=None)
    return read.all_sweeps().get(pk=made.pk)


def test_scores_are_apart_on_tune_and_test_prompts(work):
    sums_board(prompts=12)
    sweep = declare()
    work()
    shown = read.view(sweep)
    mask = tune_mask([f"sum-{i}" for i in range(1, 13)], 0.5)
    right = [i % 2 for i in range(1, 13)]
    greedy, sampled, _ = shown.arms
    assert (shown.tune_prompts, shown.test_prompts) == (mask.sum(), 12 - mask.sum())
    tune = sum(r for r, m in zip(right, mask, strict=True) if m) / mask.sum()
    test = sum(r for r, m in zip(right, mask, strict=True) if not m) / (12 - mask.sum())
    assert (greedy.result.tune.value, greedy.result.test.value) == pytest.approx((tune, test))
    assert (sampled.result.tune.value, sampled.result.test.value) == (0.5, 0.5)
    assert sampled.result.gap.value == pytest.approx(test - 0.5)
    assert (shown.chosen.label, greedy.is_baseline) == ("greedy" if tune >= 0.5 else "T 0.5", True)
    assert [(arm.made, arm.wanted) for arm in shown.arms] == [(12, 12), (24, 24), (24, 24)]


def test_nothing_is_chosen_before_all_arms_have_ended_and_no_arm_leaves(work):
    sums_board()
    sweep = declare()
    pipeline.plan_sweep(sweep)
    assert read.view(sweep).chosen is None and not read.view(sweep).ended
    submissions.cancel(sweep.submissions.get(arm=0))
    work()
    shown = read.view(sweep)
    assert (shown.ended, shown.chosen.label, shown.made, shown.wanted) == (True, "T 0.5", 24, 30)
    assert [arm.submission.state for arm in shown.arms] == ["cancelled", "done", "done"]
    assert not shown.arms[0].result.best_of_strategy


def test_more_samples_of_another_submission_change_nothing(work):
    board = sums_board()
    sweep = declare()
    work()
    before = read.view(sweep).arms[1]
    submit(board, MODEL, strategy="temperature", decoding={"temperature": 0.5}, samples=3)
    work()
    after = read.view(sweep).arms[1]
    assert (after.made, after.result) == (before.made, before.result)


def test_many_arms_take_no_more_queries_than_few(work, django_assert_num_queries):
    sums_board()
    few, many = declare(), declare(arms=(Grid("temperature", {"temperature": [i / 8 for i in range(1, 20)]}),))
    work()
    for sweep in (few, many):
        found = read.all_sweeps().get(pk=sweep.pk)
        with django_assert_num_queries(5):
            read.view(found)
    with django_assert_num_queries(1):
        assert [one.ended for one in read.of_board(few.board)] == [19, 3]
