"""Every page under axe-core's rules (WCAG 2.2 A and AA, and good practice): light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.house import READERS, House

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
LOOKS = dict(zip(READERS, ((DESKTOP, "light"), (PHONE, "dark"), (PHONE, "light"), (DESKTOP, "dark")), strict=True))
"""How each reader looks at the pages: together, all looks at all of them."""
FAULTY = {
    "submit": ("/submit/?board=sums&generator=parrot&strategy=min-p", "Estimate"),
    "sweep": ("/sweeps/new/?board=sums&generator=parrot", "Estimate"),
    "judge": ("/judges/new/?judge=rubric", "Try it on five pairs"),
    "arena": ("/boards/sums/arena/new/", "Open the arena"),
    "rules": ("/boards/facts/moderation/", "Change the rules"),
}
"""Forms that are sent as they come, without what they need."""
NOT_READ = {
    "chart-csv", "flips-csv", "variation-csv", "people-csv", "judge-csv", "moderation-log",
    "undo-vote", "stamp-ballot", "moderate", "moderate-network", "moderation-rules", "decide-flag",
    "send-address", "confirm-address", "sign-in-link", "sign-out", "language",
    "oidc-go", "oidc-back", "disconnect", "erase-live", "retry-jobs", "my-data", "metrics",
}  # fmt: skip
"""Addresses that give a file, take a form, or lead on to another page."""


@pytest.fixture(scope="module")
def house(chromium: Any, house: House) -> House:
    """The house, opened after the browser: Playwright starts a context, and Django keeps a connection for each."""
    return house


@pytest.fixture(scope="module")
def tabs(chromium: Any, house: House) -> Iterator[dict[str, Any]]:
    """A tab of each reader."""
    contexts = {name: chromium.new_context() for name in READERS}
    for name, key in house.sessions.items():
        contexts[name].add_cookies([{"name": "sessionid", "value": key, "url": house.base}])
    yield {name: context.new_page() for name, context in contexts.items()}
    for context in contexts.values():
        context.close()


def violations(page: Any) -> list[str]:
    """What axe-core finds, each with the first place."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {len(one['nodes'])} x {one['nodes'][0]['html'][:160]}" for one in found]


def dress(page: Any, reader: str) -> None:
    size, scheme = LOOKS[reader]
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")


def look(page: Any, address: str) -> list[str]:
    """The violations of a page, or the status that none should have."""
    status = page.goto(address).status
    return violations(page) if status in (200, 403, 404) else [f"status {status}"]


def test_every_address_is_read_or_known_not_to_be_a_page(house):
    from django.urls import resolve

    from leaderboard.web.urls import urlpatterns

    read = {resolve(path.partition("?")[0]).url_name for path in house.pages.values() if "no-such" not in path}
    assert {one.name for one in urlpatterns} - NOT_READ - {"live-battle"} == read


@pytest.mark.parametrize("reader", READERS)
def test_no_page_breaks_a_rule(reader, house, tabs):
    dress(tabs[reader], reader)
    broken = {name: look(tabs[reader], house.base + path) for name, path in house.pages.items()}
    assert {name: told for name, told in broken.items() if told} == {}


@pytest.mark.parametrize("form", FAULTY)
def test_no_form_with_faults_breaks_a_rule(form, house, tabs):
    path, button = FAULTY[form]
    page = tabs["eve"]
    dress(page, "eve")
    page.goto(house.base + path)
    page.evaluate("document.querySelectorAll('main form').forEach((form) => { form.noValidate = true; })")
    for field in page.locator("main form.sheet input[type=number]").all():
        field.fill("-3")
    page.get_by_role("button", name=button).first.click()
    page.locator(".field.wrong").first.wait_for(timeout=10_000)
    assert violations(page) == []


@pytest.mark.parametrize("reader", ["nobody", "ada"])
def test_neither_the_vote_nor_what_follows_breaks_a_rule(reader, house, tabs):
    page = tabs[reader]
    dress(page, reader)
    page.goto(house.base + house.pages["vote"])
    page.keyboard.press("?")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.wait_for_url("**shown=**", wait_until="networkidle")
    assert violations(page) == []


def test_a_live_battle_that_waits_breaks_no_rule(house, tabs):
    page = tabs["nobody"]
    dress(page, "nobody")
    page.goto(house.base + house.pages["live"])
    page.locator("[name=prompt]").fill("17+25")
    for box in page.locator("main form [type=checkbox]").all():
        box.check()
    page.locator("main form button").first.click()
    page.wait_for_url("**/live/*-*/")
    assert violations(page) == []
