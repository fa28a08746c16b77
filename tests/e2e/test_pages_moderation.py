"""Moderation in a real Chromium: evidence, a decision, rules with a bad value first; and work done beside a vote."""

from __future__ import annotations

import os
import random

import pytest

from tests.e2e.conftest import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SHOTS = os.environ.get("TOUCHSTONE_SHOTS", "")
"""A folder for pictures of the pages; none are made without it."""


@pytest.fixture
def mod(client, transactional_db, django_user_model):
    """A client signed in as moderator."""
    from django.contrib.auth.models import Permission

    user = django_user_model.objects.create_user("mod")
    user.user_permissions.add(Permission.objects.get(codename="moderate_votes"))
    client.force_login(user)
    return client


@pytest.fixture
def voted(transactional_db, bell, settings, tmp_path):
    """Six honest voters, and one who always takes the left answer."""
    from leaderboard.contracts.values import Outcome
    from leaderboard.models import VoteSignal
    from leaderboard.services import boards
    from tests.factories import fact_board

    settings.DATA_DIR = tmp_path
    rng, names = random.Random(4), ("strong", "middle", "weak")
    made = fact_board(names, {f"p{i}": "" for i in range(40)}, judges=0, counts_votes=True, open_to_votes=True)
    for voter in range(7):
        for key in made.prompts:
            first, second = rng.sample(names, 2)
            better = names.index(first) < names.index(second)
            honest = Outcome.A if (rng.random() < 0.85) == better else Outcome.B
            row = made.vote(first, second, key, Outcome.A if voter == 6 else honest, voter=f"user:{voter}")
            VoteSignal.objects.create(
                vote=row,
                network="abcd" if voter > 4 else "ef01",
                check_kind="proof-of-work",
                check_state="passed" if voter else "unchecked",
            )
    boards.refresh(made.board)
    made.board.refresh_from_db()
    return made.board


def picture(tab, name: str) -> None:
    if SHOTS:
        tab.page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_a_voter_is_put_in_quarantine_and_taken_out_again(mod, voted, new_tab):
    from leaderboard.models import QuarantineDecision

    tab = new_tab(mod)
    tab.open("/boards/facts/")
    tab.page.get_by_role("link", name="Moderation").click()
    assert "could not be made on 40 votes" in tab.page.get_by_role("alert").inner_text()
    card = tab.page.locator(".voters .card").first
    assert "user:6" in card.inner_text()
    picture(tab, "moderation-1280")
    card.get_by_label("Reason").first.fill("always the left side")
    card.get_by_role("button", name="Quarantine", exact=True).click()
    tab.page.get_by_text("Your decision is stored").wait_for()
    tab.page.get_by_role("link", name="In quarantine").click()
    (card,) = tab.page.locator(".voters .card").all()
    assert "always the left side" in card.inner_text()
    card.get_by_label("Reason").first.fill("they explained")
    card.get_by_role("button", name="Lift the quarantine").click()
    tab.page.get_by_text("The chain of 2 entries holds").wait_for()
    assert [row.quarantined for row in QuarantineDecision.objects.order_by("pk")] == [True, False]
    assert tab.faults == []


def test_a_bad_rule_is_named_at_its_field_and_a_good_one_is_heeded(mod, voted, new_tab):
    from leaderboard.models import QuarantineDecision

    tab = new_tab(mod)
    tab.open("/boards/facts/moderation/")
    fields = tab.page.locator(".sheet")
    fields.locator("[name=alpha]").fill("2")
    fields.locator("[name=quarantine_by_test]").check()
    fields.locator("[name=reason]").fill("let the tests decide")
    fields.get_by_role("button", name="Change the rules").click()
    wrong = tab.page.locator(".field.wrong")
    wrong.first.wait_for()
    assert [one.locator("input").get_attribute("name") for one in wrong.all()] == ["alpha"]
    fields.locator("[name=alpha]").fill("0.001")
    fields.get_by_role("button", name="Change the rules").click()
    tab.page.get_by_text("Your decision is stored").wait_for()
    assert QuarantineDecision.objects.get().voter == "user:6"
    assert tab.faults == ["Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone(mod, voted, new_tab, scheme):
    tab = new_tab(mod, color_scheme=scheme)
    tab.page.set_viewport_size(PHONE)
    assert tab.open("/boards/facts/moderation/") == 200
    picture(tab, f"moderation-390-{scheme}")
    assert tab.page.evaluate(WIDE) <= 0
    assert tab.faults == []


def test_work_is_done_while_the_answers_are_read_and_the_vote_passes(voted, new_tab):
    from leaderboard.models import Vote, VotingRules

    VotingRules.objects.create(board=voted, check_kind="proof-of-work", session_minute=2)
    tab = new_tab()
    for _ in range(2):
        tab.open("/boards/facts/vote/")
        tab.page.locator("button[value=left]").click()
        tab.page.wait_for_url("**shown=**")
    states = Vote.objects.filter(voter__startswith="anonymous").values_list("signal__check_state", flat=True)
    assert list(states) == ["passed", "passed"]
    assert tab.faults == []
    tab.open("/boards/facts/vote/")
    tab.page.locator("button[value=left]").click()
    tab.page.get_by_role("heading", name="A little slower, please").wait_for()
    picture(tab, "too-many")
