"""Every page in a real Chromium: clean, narrow, dark, without scripts, by keys and by hand."""

from __future__ import annotations

import re

import pytest

from tests.e2e.conftest import DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = (
    "boards",
    "board",
    "charts",
    "how",
    "compare",
    "entry",
    "judges",
    "judge",
    "prompt",
    "vote",
    "submit",
    "estimate",
    "progress",
    "sign-up",
    "sign-in",
    "account",
)
FIELDS = {"generator": "parrot", "strategy": "temperature"}
WRITERS = re.compile(r"bird-\d")
LUMINANCE = """
() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const linear = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const solid = (color) => color.length < 4 || color[3] === 1;
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor);
      if (solid(color)) return color;
    }
    return [255, 255, 255];
  };
  const weak = [];
  for (const node of document.body.querySelectorAll("*")) {
    const own = [...node.childNodes].some((part) => part.nodeType === 3 && part.data.trim());
    if (!own || !node.checkVisibility() || node.closest("svg, script, progress, option")) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const what = `${node.tagName} ${node.className} "${node.textContent.trim().slice(0, 30)}"`;
    if (ratio < 4.5) weak.push(`${what} ${ratio.toFixed(2)}`);
  }
  return weak;
}
"""
"""Texts whose contrast with what is behind them is below 4.5 to 1 (WCAG 2.2, 1.4.3)."""
SMALL = """
() => [...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary")]
  .filter((node) => node.checkVisibility() && getComputedStyle(node).display !== "inline" && !node.closest(".skip"))
  .filter((node) => { const box = node.getBoundingClientRect(); return Math.min(box.width, box.height) < 23.5; })
  .map((node) => `${node.tagName} "${node.textContent.trim().slice(0, 30)}"`)
"""
"""Controls under 24 pixels (WCAG 2.2, 2.5.8); links inside a sentence are exempt."""
CUT = """
() => [...document.querySelectorAll("h1, h2, p, dd, pre, button, label, legend, svg text")]
  .filter((node) => node.checkVisibility() && !node.closest(".scroll, .swipe, .hidden"))
  .filter((node) => { const box = node.getBoundingClientRect(); return box.left < 0 || box.right > innerWidth; })
  .map((node) => `${node.tagName} "${node.textContent.trim().slice(0, 30)}"`)
"""
"""Texts that begin or end outside the screen."""
UNNAMED = """
() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a")]
  .filter((node) => node.checkVisibility())
  .filter((node) => !(node.textContent.trim() || node.ariaLabel || [...(node.labels || [])].some((l) => l.innerText)))
  .map((node) => node.outerHTML.slice(0, 120))
"""
"""Controls without a name (WCAG 2.2, 4.1.2)."""


def background(tab) -> str:
    return tab.page.evaluate("getComputedStyle(document.body).backgroundColor")


def in_sight(tab, selector: str) -> bool:
    """Whether all of it is on the screen, without scrolling."""
    box = tab.page.locator(selector).bounding_box()
    return box["y"] >= 0 and box["y"] + box["height"] <= DESKTOP["height"]


def choose(tab) -> None:
    """The parrot, sampled; the script or the button brings its settings."""
    for name, value in FIELDS.items():
        tab.page.locator(f"[name={name}]").select_option(value)


def path_of(name: str, board) -> str:
    from leaderboard.models import Entry, Prompt, Submission

    return {
        "boards": "/",
        "board": f"/boards/{board.slug}/",
        "charts": f"/boards/{board.slug}/charts/",
        "how": f"/boards/{board.slug}/how/",
        "compare": f"/boards/{board.slug}/compare/",
        "entry": f"/entries/{Entry.objects.first().slug}/",
        "judge": "/judges/reference/",
        "prompt": f"/prompts/{Prompt.objects.first().pk}/",
        "vote": "/boards/people/vote/",
        "submit": f"/submit/?board={board.slug}&generator=parrot&strategy=min-p",
        "estimate": f"/submit/?board={board.slug}&generator=parrot&strategy=greedy",
        "progress": f"/submissions/{Submission.objects.first().pk}/",
    }.get(name, f"/{name}/")


@pytest.fixture(params=PAGES)
def shown(request, ada, people, board, new_tab):
    """A tab on each page, its faults kept."""
    tab = new_tab(None if request.param.startswith("sign") else ada)
    assert tab.open(path_of(request.param, board)) == 200
    if request.param == "estimate":
        tab.page.get_by_role("button", name="See the estimate").click()
        tab.page.locator(".estimate").wait_for()
    return tab


def test_it_opens_clean_with_one_heading(shown):
    assert shown.page.locator("h1").count() == 1
    assert shown.page.evaluate(UNNAMED) == []
    assert shown.faults == []


def test_it_fits_a_phone_and_reads_in_light_and_dark(shown):
    light, weak = background(shown), shown.page.evaluate(LUMINANCE)
    shown.page.emulate_media(color_scheme="dark")
    assert background(shown) != light
    assert (weak, shown.page.evaluate(LUMINANCE)) == ([], [])
    shown.page.set_viewport_size(PHONE)
    assert shown.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert (shown.page.evaluate(SMALL), shown.page.evaluate(CUT)) == ([], [])


def test_a_phone_can_sort(board, new_tab):
    tab = new_tab()
    tab.page.set_viewport_size(PHONE)
    tab.open("/boards/sums/?sort=-score")
    first = tab.page.locator("tbody tr th").first
    assert "bird-0" in first.inner_text()
    tab.page.locator("thead").get_by_role("link", name="Score").click()
    tab.page.wait_for_url("**?sort=score")
    assert "bird-0" not in first.inner_text()


@pytest.mark.parametrize(("key", "outcome"), [("a", "A is better"), ("B", "B is better"), ("t", "Tie"), ("x", "bad")])
def test_a_key_votes_and_only_then_are_the_writers_named(key, outcome, people, new_tab):
    tab = new_tab()
    tab.open("/boards/people/vote/")
    assert not WRITERS.search(tab.page.content())
    tab.page.keyboard.press(key)
    tab.page.wait_for_url("**shown=**")
    assert outcome in tab.page.locator("h1").inner_text()
    assert len(set(WRITERS.findall(tab.page.locator("main").inner_text()))) == 2
    tab.page.keyboard.press("n")
    tab.page.get_by_role("heading", name="Which answer is better?").wait_for()
    assert tab.faults == []


def test_skip_shows_another_pair_and_no_writers(people, new_tab):
    tab = new_tab()
    tab.open("/boards/people/vote/")
    token = tab.page.locator("[name=token]").get_attribute("value")
    with tab.page.expect_navigation():
        tab.page.keyboard.press("s")
    assert tab.page.locator("[name=token]").get_attribute("value") != token
    assert not WRITERS.search(tab.page.content())


def test_keys_can_be_turned_off(people, new_tab):
    from leaderboard.models import Vote

    tab = new_tab()
    tab.open("/boards/people/vote/")
    tab.page.keyboard.press("?")
    tab.page.get_by_label("Use these keys").uncheck()
    tab.page.reload()
    tab.page.keyboard.press("a")
    tab.page.wait_for_timeout(300)
    assert "shown=" not in tab.page.url
    assert not Vote.objects.exists()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_button_votes_with_and_without_scripts(scripts, people, new_tab):
    tab = new_tab(java_script_enabled=scripts)
    tab.open("/boards/people/vote/")
    assert not WRITERS.search(tab.page.content())
    tab.page.get_by_role("button", name="Tie").click()
    tab.page.get_by_role("link", name="Next pair").wait_for()
    assert WRITERS.search(tab.page.locator("main").inner_text())


@pytest.mark.parametrize("scripts", [True, False])
def test_a_bad_value_stays_in_its_field_and_a_good_one_goes_on(scripts, ada, board, new_tab):
    tab = new_tab(ada, java_script_enabled=scripts)
    tab.open("/submit/?board=sums")
    choose(tab)
    if not scripts:
        tab.page.get_by_role("button", name="Show settings").click()
    warmth = tab.page.locator("[name=decoding-temperature]")
    warmth.fill("-1")
    tab.page.locator("[name=model-model]").fill("polly")
    tab.page.get_by_role("button", name="See the estimate").click()
    wrong = tab.page.locator(".field.wrong")
    wrong.wait_for()
    assert (wrong.count(), wrong.locator("input").get_attribute("name")) == (1, "decoding-temperature")
    assert "greater than or equal to 0" in wrong.inner_text()
    assert (warmth.input_value(), tab.page.locator("[name=model-model]").input_value()) == ("-1", "polly")
    assert tab.page.locator("[name=strategy]").input_value() == "temperature"
    assert in_sight(tab, "[name=decoding-temperature]")
    warmth.fill("0.7")
    tab.page.get_by_role("button", name="See the estimate").click()
    assert in_sight(tab, "button[value=submit]")
    tab.page.get_by_role("button", name="Submit to Sums").click()
    tab.page.wait_for_url("**/submissions/*/")
    assert "polly" in tab.page.locator("h1").inner_text()


def test_the_progress_page_follows_the_work_by_itself(ada, board, new_tab, work):
    from tests.factories import submit

    tab = new_tab(ada)
    tab.open(f"/submissions/{submit(board, {'model': 'late'}).pk}/")
    assert tab.page.locator(".state").inner_text().startswith("Waiting")
    work()
    tab.page.get_by_role("link", name="See the board").wait_for()
    assert tab.page.locator(".state").inner_text().startswith("Done")
    assert tab.faults == []
