"""The page on decoding has a section for each strategy, and tells the order that the code has."""

from __future__ import annotations

import re

import pytest

from leaderboard.contracts.registry import decoding
from tests.conftest import ROOT
from workers.decoding.steps import ORDER

PAGE = (ROOT / "docs" / "decoding.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## ([a-z-]+)\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))
BUILT_IN = [listing.name for listing in decoding.listings() if listing.distribution == "touchstone"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_strategy_has_a_section(name):
    assert SECTIONS.get(name, "").strip()


def test_the_page_gives_the_order_of_the_steps():
    told = re.search(r"run in one order:\n\n(.*?)\n\n", PAGE, flags=re.DOTALL)
    assert tuple(re.split(r"\s*→\s*", told[1].strip())) == ORDER
