"""The likelihood judge through a job, from a stored board to stored verdicts."""

from __future__ import annotations

import pytest

from leaderboard.models import Judgment
from leaderboard.services import catalog
from tests.workers.judged import ask, board_of, failed_jobs, submission_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bell")]


def test_verdicts_are_stored_with_what_made_them(work):
    board = board_of(4)
    params = {"generator": "transformers", "generator_params": {"model": "pebble-s", "device": "cpu"}}
    judge = catalog.judge(plugin="likelihood", params=params)
    ask(board, judge, submission_of(board))
    work()
    assert failed_jobs() == []
    rows = list(Judgment.objects.filter(judge=judge))
    assert [(row.state, row.swapped) for row in rows] == [("scored", False)] * 4
    for row in rows:
        told = row.evidence["likelihood"]
        assert row.credit_a == float(told["a"]["mean"] > told["b"]["mean"])
        assert row.provenance["model"] == "pebble-s"
        assert row.prompt_tokens > 0
