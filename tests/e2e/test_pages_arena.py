"""An arena in a real Chromium: a bad value first, then open; joined by consent on a phone; people beside judges."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import PHONE
from tests.e2e.test_pages import SMALL

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def eve(client, transactional_db, django_user_model):
    """A client signed in as staff."""
    client.force_login(django_user_model.objects.create_user("eve", is_staff=True))
    return client


@pytest.fixture
def voted(board, work):
    """An arena of the birds with votes on every pair, rated; the judges' board is its parent."""
    from leaderboard.contracts.values import Outcome
    from leaderboard.models import Board, Comparison
    from leaderboard.services import arenas
    from tests.factories import FactBoard

    made = arenas.make(board, arenas.ArenaSettings(slug="duel", title="Duel", apart=True), user=None)
    entries = {entry.slug: entry for entry in board.entries.all()}
    hand = FactBoard(made, entries, {prompt.key: prompt for prompt in board.benchmark.prompts.all()}, [])
    outcomes = (Outcome.A, Outcome.B, Outcome.TIE, Outcome.BOTH_BAD, Outcome.A)
    for place, pair in enumerate(Comparison.objects.select_related("prompt", "entry_a", "entry_b").order_by("pk")):
        for voter in ("user:one", "anonymous:two"):
            names = pair.entry_a.slug, pair.entry_b.slug
            hand.vote(*names, pair.prompt.key, outcomes[(place + len(voter)) % 5], voter=voter)
    for one in Board.objects.all():
        from leaderboard.services import boards

        boards.refresh(one)
    return made


def test_a_bad_value_is_named_at_its_field_and_a_good_one_opens_the_arena(eve, board, new_tab):
    from leaderboard.models import ArenaPolicy

    tab = new_tab(eve)
    tab.open("/boards/sums/")
    tab.page.get_by_role("link", name="New arena").click()
    fields = tab.page.locator
    fields("[name=slug]").fill("Duel!")
    fields("[name=access]").select_option("domain")
    fields("[name=consent]").fill("Be fair.")
    tab.page.get_by_role("button", name="Open the arena").click()
    wrong = fields(".field.wrong")
    wrong.first.wait_for()
    assert [one.locator("input, textarea").get_attribute("name") for one in wrong.all()] == ["slug"]
    assert fields("[name=consent]").input_value() == "Be fair."
    fields("[name=slug]").fill("duel")
    tab.page.get_by_role("button", name="Open the arena").click()
    assert "Name the domains" in wrong.inner_text()
    assert not ArenaPolicy.objects.exists()
    fields("[name=access]").select_option("anyone")
    tab.page.get_by_role("button", name="Open the arena").click()
    tab.page.get_by_text("Voting is open.").wait_for()
    tab.page.locator("[name=label]").fill("the class")
    tab.page.get_by_role("button", name="Make an invitation").click()
    tab.page.get_by_text("The invitation is made.").wait_for()
    assert "/boards/duel/join/" in tab.page.locator(".link-text").inner_text()
    tab.page.get_by_role("button", name="Pause voting").click()
    tab.page.get_by_text("Voting is paused.").first.wait_for()
    assert [fault for fault in tab.faults if "422" not in fault] == []


def test_a_voter_on_a_phone_accepts_the_text_votes_and_sees_the_own_votes(board, new_tab):
    from leaderboard.services import arenas

    arenas.make(board, arenas.ArenaSettings(slug="duel", title="Duel", consent="Votes are published."), user=None)
    tab = new_tab()
    tab.page.set_viewport_size(PHONE)
    tab.open("/boards/duel/vote/")
    tab.page.get_by_role("button", name="Start voting").click()
    tab.page.get_by_text("Tick the box").wait_for()
    tab.page.get_by_label("I have read this").check()
    tab.page.get_by_role("button", name="Start voting").click()
    tab.page.wait_for_url("**/vote/")
    tab.page.keyboard.press("t")
    tab.page.wait_for_url("**shown=**", wait_until="networkidle")
    tab.open("/me/votes/")
    assert "1 vote." in tab.page.locator("main").inner_text()
    assert tab.page.evaluate(WIDE) <= 0
    tab.page.get_by_label("I understand").check()
    tab.page.get_by_role("button", name="Leave and erase").click()
    tab.page.get_by_text("None that lead to you.").wait_for()
    assert [fault for fault in tab.faults if "422" not in fault] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_people_and_judges_fit_a_phone_and_have_large_targets(voted, new_tab, scheme):
    tab = new_tab(color_scheme=scheme)
    for address in ("/boards/sums/", "/boards/duel/", "/boards/duel/people/"):
        for size in (PHONE, {"width": 1280, "height": 900}):
            tab.page.set_viewport_size(size)
            assert tab.open(address) == 200
            assert tab.page.evaluate(WIDE) <= 0, address
        assert tab.page.evaluate(SMALL) == [], address
    assert tab.page.locator("#days rect").count() == 1
    assert not tab.faults
