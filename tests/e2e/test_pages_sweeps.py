"""A sweep in a real Chromium: a bad value first, then the estimate, the start, and the page that follows along."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.test_pages import LUMINANCE, SMALL

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def fill(tab, **values):
    for name, value in values.items():
        tab.page.locator(f"[name={name}]").fill(value)


def choose(tab, scripts):
    tab.open("/sweeps/new/?board=sums")
    tab.page.locator("[name=generator]").select_option("parrot")
    if not scripts:
        tab.page.get_by_role("button", name="Show settings").click()
    tab.page.locator("[name=model-model]").fill("polly")
    tab.page.locator("[name=model-wrong_every]").fill("2")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_bad_line_is_named_and_a_good_one_goes_on_to_the_end(scripts, ada, board, new_tab, work):
    from leaderboard.models import Sweep

    tab = new_tab(ada, java_script_enabled=scripts)
    choose(tab, scripts)
    fill(tab, arms="greedy\n\nmin-p temperature=1,hot", samples="2", seeds="1, 2", shared="max_new_tokens=16")
    tab.page.get_by_role("button", name="Estimate").click()
    wrong = tab.page.locator(".field.wrong")
    wrong.wait_for()
    assert (wrong.count(), wrong.locator("textarea").get_attribute("name")) == (1, "arms")
    assert "Line 3, temperature, value 2" in wrong.inner_text()
    assert tab.page.locator("[name=seeds]").input_value() == "1, 2"
    assert tab.page.locator("button[value=start]").count() == 0
    fill(tab, arms="greedy\n\nmin-p temperature=1,2 min_p=0.05,0.1")
    tab.page.get_by_role("button", name="Estimate").click()
    tab.page.get_by_role("button", name="Start on Sums").wait_for()
    told = tab.page.locator(".estimate").inner_text()
    assert "102 (6 prompts)" in told and "not known" in told
    assert not Sweep.objects.exists()
    tab.page.get_by_role("button", name="Start on Sums").click()
    tab.page.wait_for_url("**/sweeps/*/")
    assert tab.page.locator(".state").inner_text().startswith("Running")
    assert tab.page.locator("tbody tr").count() == 5
    work()
    if not scripts:
        tab.page.reload()
    tab.page.get_by_text("Chosen on the").wait_for()
    assert tab.page.locator(".state").inner_text().startswith("Ended")
    assert tab.page.locator("tbody tr").count() == 5
    assert tab.page.locator("tr.chosen").count() == 1


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_clean_narrow_and_legible(size, scheme, ada, board, new_tab, work):
    from leaderboard.services import sweeps
    from leaderboard.services.grids import Grid

    grids = [Grid("greedy", {}), Grid("temperature", {"temperature": [0.5, 1]})]
    request = sweeps.Request("sums", "parrot", {"model": "polly", "wrong_every": 2}, grids, samples=2)
    made, _ = sweeps.submit(request, user=None)
    work()
    tab = new_tab(ada, color_scheme=scheme)
    tab.page.set_viewport_size(size)
    for path in ("/sweeps/new/?board=sums&generator=parrot", f"/sweeps/{made.pk}/", "/boards/sums/sweeps/"):
        assert tab.open(path) == 200
        assert tab.page.evaluate(WIDE) == 0
        assert tab.page.evaluate(LUMINANCE) == []
        assert tab.page.evaluate(SMALL) == []
    assert tab.faults == []
