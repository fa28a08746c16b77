"""What the address of a board asks for."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.queries.standings import SORTS, View

sorts = st.sampled_from([*SORTS, *(f"-{name}" for name in SORTS)])


@given(sorts, st.booleans(), st.text(max_size=20))
def test_an_address_reads_back_as_the_view_it_was_written_from(sort, style, category):
    view = View(sort, style, category)
    assert View.of(QueryDict(view.but()[1:]).dict()) == view


@pytest.mark.parametrize("sort", ["nothing", "", "--n", "-"])
def test_a_sort_that_does_not_exist_is_the_ranking(sort):
    assert View.of({"sort": sort}) == View()


def test_what_is_as_usual_is_left_out():
    assert View().but() == "?"
    assert View("-n", True, "a b").but(category="", sort="rank") == "?style=1"
