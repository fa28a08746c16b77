"""Trying a judge in a real Chromium: a fault on its field, the trial, what came of it, and the board that takes it."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
PROMPT = "{{question}}\n\n{{first}}\n\n{{second}}\n\nSay [[{{name_1}}>{{name_2}}{{mark}}]] or the like."


@pytest.fixture
def eve(client, transactional_db, django_user_model):
    client.force_login(django_user_model.objects.create_user("eve", is_staff=True))
    return client


@pytest.fixture
def model():
    """Finds slot 1 a little better."""
    from leaderboard.contracts import registry
    from leaderboard.contracts.values import FinishReason
    from tests.judges.fakes import fake, reply

    def answer(request):
        words = request.messages[-1].content.rpartition("Say ")[2]
        return reply(request, text=f"Slot 1: {words[: words.index(']]') + 2]}", finish_reason=FinishReason.STOP)

    with registry.generators.override(fake(answer)):
        yield


@pytest.mark.parametrize("scripts", [True, False])
def test_a_prompt_of_ones_own_is_mended_tried_and_taken(scripts, eve, board, model, new_tab, work):
    tab = new_tab(eve, java_script_enabled=scripts)
    tab.open("/judges/new/")
    tab.page.locator("[name=judge]").select_option("custom")
    if not scripts:
        tab.page.get_by_role("button", name="Show settings").click()
    tab.page.locator("[name=params-user]").wait_for()
    tab.page.locator("[name=params-generator]").fill("fake")
    tab.page.locator("[name=params-user]").fill("Which is better?")
    tab.page.get_by_role("button", name="Try it on five pairs").click()
    wrong = tab.page.locator(".field.wrong")
    wrong.first.wait_for()
    assert "The text lacks {{first}}." in wrong.inner_text()
    tab.page.locator("[name=params-user]").fill(PROMPT)
    tab.page.get_by_role("button", name="Try it on five pairs").click()
    tab.page.wait_for_url("**/judges/trials/*/")
    tab.page.get_by_text("A worker is putting five pairs to the judge.").wait_for()
    work()
    if not scripts:
        tab.page.reload()
    tab.page.get_by_role("button", name="Add to Sums").wait_for()
    assert tab.page.locator("tbody tr").count() == 5
    assert tab.page.locator("pre", has_text="Slot 1: [[").count() == 5
    tab.page.locator("[name=name]").fill("mine")
    tab.page.get_by_role("button", name="Add to Sums").click()
    tab.page.get_by_text("mine judges Sums now: 36 verdicts are asked for.").wait_for()
    assert [fault for fault in tab.faults if "422" not in fault] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit_a_phone(scheme, eve, board, model, new_tab, work):
    from leaderboard.models import User
    from leaderboard.services import trials

    params = {"generator": "fake", "user": PROMPT}
    pk = trials.ask(board="sums", plugin="custom", params=params, user=User.objects.get(username="eve"))
    work()
    tab = new_tab(eve, color_scheme=scheme)
    tab.page.set_viewport_size(PHONE)
    for path in ("/judges/new/", f"/judges/trials/{pk}/"):
        assert tab.open(path) == 200
        assert tab.page.evaluate(WIDE) <= 0
    assert tab.faults == []
