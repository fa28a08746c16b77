"""A real model: an output made in a job of many arms is the one that its arm makes alone, seed by seed."""

from __future__ import annotations

import pytest

from leaderboard.models import Comparison, Job, Judgment, Output, Score
from leaderboard.services import submissions, sweeps
from leaderboard.services.grids import Grid
from tests.factories import sums_board

pytestmark = [pytest.mark.django_db(transaction=True)]
GRIDS = (
    Grid("greedy", {}),
    Grid("min-p", {"temperature": [1.0, 2.0], "min_p": 0.1}),
    Grid("temperature", {"temperature": 1.5}),
    Grid("dola", {}),
)
SHORT = {"max_new_tokens": 6}


def texts():
    found = Output.objects.values_list("entry__slug", "prompt__key", "sample", "seed", "text")
    return {tuple(row[:4]): row[4] for row in found}


def test_outputs_do_not_depend_on_the_other_arms(work):
    sums_board(prompts=3)
    model = {"model": "pebble-s"}
    made, _ = sweeps.submit(
        sweeps.Request("sums", "transformers", model, GRIDS, decoding=SHORT, samples=2, seeds=(1, 2)), user=None
    )
    work()
    assert set(made.submissions.values_list("state", flat=True)) == {"done"}
    assert Job.objects.filter(kind="generate").count() == 1
    together = texts()
    assert len(together) == 3 * (1 + 3 * 4 + 1)
    assert len(set(together.values())) > len(together) / 3
    for kind in (Judgment, Score, Comparison, Output):
        kind.objects.all()._raw_delete("default")
    for arm in made.arms:
        many = {"samples": 2, "seeds": (1, 2)} if arm["runs"] > 1 else {"samples": 1, "seeds": (1,)}
        submissions.submit(
            submissions.Request("sums", "transformers", model, arm["strategy"], arm["params"], **many), user=None
        )
    work()
    assert texts() == together
