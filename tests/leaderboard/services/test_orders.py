"""Which comparisons a judge has still to judge."""

from __future__ import annotations

import pytest
from django.db.models import Q

from leaderboard.services.orders import unjudged_by_order
from tests.factories import fact_board

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("baseline", "wanted"), [("", {"ada-bob", "ada-eve", "bob-eve"}), ("eve", {"ada-eve", "bob-eve"})]
)
def test_a_board_that_pairs_with_its_baseline_asks_for_nothing_else(baseline, wanted):
    made = fact_board(("ada", "bob", "eve"), {"p": ""}, baseline=baseline)
    names = {
        made.pair(first, second, "p").pk: f"{first}-{second}"
        for first, second in (("ada", "bob"), ("ada", "eve"), ("bob", "eve"))
    }
    found = unjudged_by_order(made.board, made.judges[0], Q())
    assert {names[pk] for pk in found[False]} == wanted


def test_what_is_judged_is_not_asked_for_again():
    made = fact_board(("ada", "bob"), {"p": "", "q": ""})
    left = made.pair("ada", "bob", "q")
    made.verdict("ada", "bob", "p", 1.0)
    assert unjudged_by_order(made.board, made.judges[0], Q()) == {False: [left.pk]}
