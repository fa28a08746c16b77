"""The reveal that comes as the answer to a vote, in a real Chromium: a reload or a step back votes on nothing again."""

from __future__ import annotations

import re

import pytest

from leaderboard.models import Vote
from tests.e2e.test_voting import PAGE, essays, next_pair

__all__ = ["essays"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_vote_is_one_request_and_its_reveal_can_be_loaded_again(essays, new_tab):
    tab = new_tab()
    asked: list[tuple[str, str]] = []
    tab.open(PAGE)
    tab.page.on("request", lambda one: asked.append((one.method, one.url)) if one.is_navigation_request() else None)
    tab.page.keyboard.press("a")
    tab.page.get_by_role("heading", name="Your vote").wait_for()
    assert [method for method, _ in asked] == ["POST"]
    assert re.search(r"/vote/\?shown=", tab.page.url)
    tab.page.reload()
    tab.page.get_by_role("heading", name="Your vote").wait_for()
    assert [method for method, _ in asked] == ["POST", "GET"]
    assert tab.page.locator(".messages li").count() == 0
    assert Vote.objects.count() == 1


def test_back_from_the_next_pair_shows_the_reveal_again(essays, new_tab):
    tab = new_tab()
    tab.open(PAGE)
    tab.page.keyboard.press("b")
    tab.page.get_by_role("heading", name="Your vote").wait_for()
    tab.page.keyboard.press("n")
    next_pair(tab)
    tab.page.go_back()
    tab.page.get_by_role("heading", name="Your vote").wait_for()
    assert tab.page.locator(".messages li").count() == 0
    assert Vote.objects.count() == 1
