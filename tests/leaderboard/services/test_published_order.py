"""A judge that shows each prompt in one order by a rule of its own."""

from __future__ import annotations

from typing import ClassVar

import pytest

from leaderboard.contracts import registry
from leaderboard.contracts.params import NoParams
from leaderboard.contracts.values import Verdict, VerdictState
from leaderboard.models import Judgment
from leaderboard.services import catalog
from tests.factories import submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]


class FirstSlot:
    """Prefers what is in slot 1; shows the entry there for sums of odd numbers."""

    name: ClassVar[str] = "first-slot"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "First slot"
    Params = NoParams
    both_orders: ClassVar[bool] = False

    def __init__(self, params):
        pass

    @classmethod
    def model_first(cls, prompt):
        return int(prompt.split("+")[0]) % 2 == 1

    def judge(self, pairs):
        for pair in pairs:
            yield Verdict(pair.key, VerdictState.SCORED, 0.0 if pair.swapped else 1.0)

    def provenance(self):
        return {}


@pytest.mark.parametrize("baseline_first", [True, False])
def test_each_prompt_is_judged_once_in_the_order_of_the_rule(work, baseline_first):
    board = sums_board()
    with registry.judges.override(FirstSlot):
        judge = catalog.judge(plugin="first-slot", params={})
        board.judges.set([judge])
        made = [submit(board, {"model": name}) for name in ("one", "two")]
        baseline = made[0 if baseline_first else 1].entry
        board.baseline, board.pairing = baseline, "baseline"
        board.save()
        work()
    rows = Judgment.objects.filter(judge=judge).select_related("comparison__prompt")
    assert rows.count() == 6
    for row in rows:
        a_is_model = row.comparison.entry_a_id != baseline.pk
        model_won = row.credit_a == (1.0 if a_is_model else 0.0)
        assert model_won == FirstSlot.model_first(row.comparison.prompt.text)
    assert {row.swapped for row in rows} == {True, False}
