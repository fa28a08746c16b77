"""Signing in with OpenID Connect in a real browser, under the site's own policy on where forms may go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from leaderboard.models import User
from tests.oidc_provider import Provider, running, setting

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("TOUCHSTONE_SHOTS", "")
"""A folder to leave pictures in, for a person to look at."""


@pytest.fixture
def acme(settings: Any) -> Any:
    with running() as provider:
        settings.OIDC_PROVIDERS_SECRET = setting(provider)
        yield provider


def shot(tab: Any, name: str) -> None:
    if SHOTS:
        tab.page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def there(tab: Any, acme: Provider) -> None:
    """Press the button; the browser ends at the provider by itself."""
    tab.page.get_by_role("button", name="Sign in with Acme").click()
    tab.page.wait_for_url(f"{acme.base}/**")
    tab.page.get_by_role("link", name="Go on as this person").click()


def own_faults(tab: Any, acme: Provider) -> list[str]:
    """Going to the provider is meant; everything else is a fault."""
    return [fault for fault in tab.faults if acme.base not in fault]


def test_a_button_leads_to_the_provider_and_back(acme: Provider, new_tab: Any) -> None:
    tab = new_tab()
    tab.open("/sign-in/?next=/account/")
    shot(tab, "oidc-sign-in")
    there(tab, acme)
    tab.page.wait_for_url(f"{tab.base}/account/")
    assert tab.page.get_by_role("heading", level=1).inner_text() == "grace"
    assert "grace@example.org is confirmed" in tab.page.locator("main").inner_text()
    shot(tab, "oidc-account")
    tab.page.get_by_role("button", name="Sign out").click()
    tab.page.get_by_role("link", name="Sign in").wait_for()
    assert own_faults(tab, acme) == []
    assert User.objects.count() == 1


def test_a_provider_that_is_down_and_one_that_lies_are_told_apart(acme: Provider, new_tab: Any) -> None:
    tab = new_tab()
    tab.open("/sign-in/")
    acme.claims = {"nonce": "of another sign-in"}
    there(tab, acme)
    assert "not believed" in tab.page.get_by_role("alert").inner_text()
    shot(tab, "oidc-refused")
    tab.page.get_by_role("link", name="Back to signing in").click()
    acme.down.add("/.well-known/openid-configuration")
    tab.page.get_by_role("button", name="Sign in with Acme").click()
    assert "nothing of yours was refused" in tab.page.get_by_role("alert").inner_text()
    shot(tab, "oidc-down")
    assert not User.objects.exists()


def test_signing_in_on_a_phone(acme: Provider, new_tab: Any) -> None:
    tab = new_tab()
    tab.page.set_viewport_size({"width": 390, "height": 844})
    tab.open("/sign-in/")
    wide = tab.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide
    assert tab.page.get_by_role("button", name="Sign in with Acme").bounding_box()["height"] >= 24
    shot(tab, "oidc-phone")
