"""Voting in a real Chromium: whole sessions by mouse, by keys alone, and by touch on a phone."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e.conftest import PHONE
from tests.e2e.test_pages import CUT, LUMINANCE, SMALL
from tests.factories import fact_board

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = "/boards/essays/vote/"
KEYS = ("one", "two", "three", "four")
NAMES = re.compile("aurora|borealis")
LATIN = """() => {
  const page = document.body.cloneNode(true);
  page.querySelectorAll("[translate=no], code, kbd, pre, script").forEach((one) => one.remove());
  const named = [...document.querySelectorAll("[aria-label], [title]")].filter((one) => !one.closest("[translate=no]"));
  const told = [page.innerText, ...named.flatMap((one) => [one.ariaLabel ?? "", one.title])];
  return told.join("\\n").match(/[A-Za-z]{2,}[ ,.]+[A-Za-z]{2,}/g) ?? [];
}"""
"""Two Latin words beside each other, but in what is never translated: none is left on a page in Chinese."""
ANSWER = """{word} first.

```python
def add(a, b):
    return a + b  # {word}
```

The sum is $\\sum_{{i=1}}^n x_i$ and **bold**.

| a | b |
|---|---|
| 1 | 2 |

"""


@pytest.fixture
def essays(transactional_db: None) -> Any:
    """Four prompts with two long answers each, to vote on."""
    made = fact_board(
        ["aurora", "borealis"], dict.fromkeys(KEYS, ""), slug="essays", counts_votes=True, open_to_votes=True
    )
    for key in KEYS:
        made.answer("aurora", key, ANSWER.format(word=f"North {key}") + "A long line of words. \n\n" * 60)
        made.answer("borealis", key, ANSWER.format(word=f"South {key}") + "Another line of words. \n\n" * 40)
        made.pair("aurora", "borealis", key)
    return made


@pytest.fixture
def phone(new_tab: Any, essays: Any) -> Any:
    tab = new_tab(has_touch=True, is_mobile=True)
    tab.page.set_viewport_size(PHONE)
    assert tab.open(PAGE) == 200
    return tab


def votes() -> list[Any]:
    from leaderboard.models import Vote

    return list(Vote.objects.order_by("pk"))


def next_pair(tab: Any) -> None:
    tab.page.get_by_role("heading", name="Which answer is better?").wait_for()


def in_view(tab: Any, selector: str) -> bool:
    box = tab.page.locator(selector).bounding_box()
    return box["y"] >= 0 and box["y"] + box["height"] <= tab.page.viewport_size["height"]


def swipe_left(page: Any, y: float) -> None:
    """A finger moves from the right edge to the left one."""
    session = page.context.new_cdp_session(page)
    for kind, x in (("touchStart", 340), *(("touchMove", x) for x in range(320, 40, -20)), ("touchEnd", None)):
        points = [] if x is None else [{"x": x, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_a_whole_session_by_mouse(essays, new_tab):
    from leaderboard.models import VoteUndo

    tab = new_tab()
    tab.open(PAGE)
    assert not NAMES.search(tab.page.content())
    heights = tab.page.eval_on_selector_all(".level > section", "all => all.map(one => one.clientHeight)")
    assert heights[0] == heights[1] < 700
    assert tab.page.locator(".level > .cut").count() == 2
    tab.page.get_by_label("Expand both").check()
    assert tab.page.locator(".level > .cut").count() == 0
    tab.page.get_by_label("Expand both").uncheck()
    tab.page.get_by_role("button", name="A is better").click()
    tab.page.get_by_role("heading", name="Your vote: A is better").wait_for()
    assert len(set(NAMES.findall(tab.page.locator("main").inner_text()))) == 2
    assert (tab.page.locator("mark").count(), tab.page.locator(".level > .cut").count()) == (0, 2)
    tab.page.get_by_role("link", name="Mark the words that differ").click()
    tab.page.locator("mark").first.wait_for()
    marked = " ".join(tab.page.locator("mark").all_inner_texts()).split()
    assert {"North", "South"} <= set(marked)
    assert "bold" not in marked
    tab.page.get_by_role("link", name="Next pair").click()
    next_pair(tab)
    tab.page.get_by_role("button", name="Both are bad").click()
    tab.page.get_by_role("button", name="Take the last vote back").click()
    tab.page.get_by_text("Your vote is taken back").wait_for()
    for _ in range(2):
        tab.page.get_by_role("button", name="Skip").click()
    tab.page.get_by_text("No pair is left").wait_for()
    assert [vote.outcome for vote in votes()][1:] == ["both_bad", "skip", "skip"]
    assert [vote.expanded for vote in votes()] == [True, False, False, False]
    assert VoteUndo.objects.get().vote == votes()[1]
    assert tab.faults == []


def test_a_whole_session_by_keys_alone(essays, new_tab):
    tab = new_tab()
    tab.open(PAGE)
    tab.page.keyboard.press("Control+a")
    tab.page.evaluate("document.querySelector('main').append(document.createElement('textarea'))")
    tab.page.locator("textarea").focus()
    tab.page.keyboard.press("a")
    assert tab.page.locator("textarea").input_value() == "a"
    tab.page.locator("h1").focus()
    tab.page.keyboard.press("?")
    tab.page.get_by_text("take the last vote back,").wait_for()
    assert votes() == []
    for key in "bt":
        tab.page.keyboard.press(key)
        tab.page.get_by_role("heading", name="Your vote").wait_for()
        tab.page.keyboard.press("n")
        next_pair(tab)
    tab.page.keyboard.press("u")
    tab.page.get_by_text("Your vote is taken back").wait_for()
    tab.page.keyboard.press("s")
    tab.page.wait_for_function("() => !document.body.innerText.includes('taken back')")
    tab.page.keyboard.press("x")
    tab.page.get_by_role("heading", name="Your vote: Both are bad").wait_for()
    tab.page.keyboard.press("n")
    tab.page.get_by_text("No pair is left").wait_for()
    assert [vote.outcome for vote in votes()][1:] == ["tie", "skip", "both_bad"]
    assert [hasattr(vote, "undo") for vote in votes()] == [False, True, False, False]
    assert tab.faults == []


def test_a_whole_session_by_touch_on_a_phone(phone):
    page = phone.page
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    first, second = page.locator("#answer-A"), page.locator("#answer-B")
    box = first.bounding_box()
    assert second.bounding_box()["x"] == box["x"] + box["width"] == PHONE["width"] - box["x"]
    swipe_left(page, box["y"] + 60)
    page.wait_for_function("() => Math.abs(document.querySelector('#answer-B').getBoundingClientRect().x - 16) < 2")
    page.wait_for_function("() => document.querySelector('.tabs [aria-current]').hash === '#answer-B'")
    page.get_by_role("link", name="Answer A").tap()
    page.wait_for_function("() => Math.abs(document.querySelector('#answer-A').getBoundingClientRect().x - 16) < 2")
    for _ in KEYS:
        assert min(button.bounding_box()["height"] for button in page.locator(".votes button").all()) >= 44
        assert in_view(phone, ".votes")
        page.get_by_role("button", name="B is better").tap()
        page.get_by_role("heading", name="Your vote: B is better").wait_for()
        page.get_by_role("link", name="Next pair").tap()
        page.get_by_role("heading", name="Which answer is better?").wait_for()
    page.get_by_text("No pair is left").wait_for()
    assert len(votes()) == len(KEYS)
    assert phone.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_pages_read_well_on_a_phone(phone, scheme):
    phone.page.emulate_media(color_scheme=scheme)
    assert (phone.page.evaluate(LUMINANCE), phone.page.evaluate(SMALL), phone.page.evaluate(CUT)) == ([], [], [])
    phone.page.get_by_role("button", name="Tie").tap()
    phone.page.get_by_role("link", name="Mark the words that differ").tap()
    phone.page.locator("mark").first.wait_for()
    assert (phone.page.evaluate(LUMINANCE), phone.page.evaluate(SMALL), phone.page.evaluate(CUT)) == ([], [], [])
    assert phone.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_the_next_pair_is_there_without_a_wait_and_cannot_be_picked_over(essays, new_tab):
    from leaderboard.models import Ballot

    tab = new_tab()
    tab.open(PAGE)
    with tab.page.expect_response("**ahead=1") as fetched:
        tab.page.keyboard.press("t")
    fetched.value.finished()
    ahead = re.search(r'name="token" value="([^"]+)"', fetched.value.text())[1]
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    with tab.page.expect_response("**/stamp/**"):
        tab.page.keyboard.press("n")
    next_pair(tab)
    assert [address for address in asked if "/vote/" in address and "/stamp/" not in address] == []
    assert tab.page.locator("#ballot [name=token]").input_value() == ahead
    tab.page.wait_for_function("() => document.querySelector('[name=shown]').value !== ''")
    tab.page.reload()
    assert tab.page.locator("#ballot [name=token]").input_value() == ahead
    assert Ballot.objects.count() == 2
    tab.page.go_back()
    tab.page.get_by_role("heading", name="Your vote").wait_for()
    assert tab.faults == []


def test_time_runs_from_when_a_pair_fetched_ahead_is_shown(essays, new_tab):
    tab = new_tab()
    tab.open(PAGE)
    with tab.page.expect_response("**ahead=1"):
        tab.page.keyboard.press("t")
    tab.page.wait_for_timeout(1500)
    with tab.page.expect_response("**/stamp/**"):
        tab.page.keyboard.press("n")
    tab.page.wait_for_function("() => document.querySelector('[name=shown]').value !== ''")
    tab.page.keyboard.press("t")
    tab.page.get_by_role("heading", name="Your vote").wait_for()
    last = votes()[-1]
    issued = (last.created_at - last.ballot.created_at).total_seconds()
    assert 0 <= last.seconds_shown < issued - 1.4
    assert 0 <= last.seconds_visible < issued - 1.4


def test_without_a_network_nothing_is_sent_or_lost_and_the_page_says_so(essays, new_tab):
    tab = new_tab()
    tab.open(PAGE)
    tab.page.context.set_offline(True)
    tab.page.keyboard.press("a")
    tab.page.get_by_text("You seem to be offline").wait_for()
    assert (votes(), tab.page.get_by_role("heading", name="Which answer is better?").count()) == ([], 1)
    tab.page.context.set_offline(False)
    tab.page.get_by_text("You seem to be offline").wait_for(state="hidden")
    tab.page.keyboard.press("a")
    tab.page.get_by_role("heading", name="Your vote: A is better").wait_for()
    assert len(votes()) == 1
    # What the page fetches ahead may be under way when the network goes.
    assert [fault for fault in tab.faults if "ERR_INTERNET_DISCONNECTED" not in fault] == []


def test_help_comes_into_view_with_the_focus_and_gives_it_back(essays, new_tab):
    tab = new_tab()
    tab.open(PAGE)
    tab.page.set_viewport_size({"width": 1280, "height": 400})
    tab.page.locator("#answer-A").focus()
    tab.page.keyboard.press("?")
    assert tab.page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert in_view(tab, "#keys")
    tab.page.keyboard.press("?")
    assert tab.page.evaluate("document.activeElement.id") == "answer-A"
    tab.page.keyboard.press("?")
    tab.page.keyboard.press("a")
    tab.page.get_by_role("heading", name="Your vote: A is better").wait_for()
    assert tab.faults == []


def test_two_tabs_show_one_pair_and_one_vote_counts(essays, new_tab):
    one = new_tab()
    one.open(PAGE)
    two = one.page.context.new_page()
    two.goto(one.base + PAGE)
    assert two.locator("#ballot [name=token]").input_value() == one.page.locator("[name=token]").input_value()
    two.keyboard.press("a")
    two.get_by_role("heading", name="Your vote").wait_for()
    one.page.keyboard.press("b")
    one.page.get_by_text("You have voted on this pair already").wait_for()
    assert len(votes()) == 1


def test_a_double_click_is_one_vote_without_a_complaint(essays, new_tab):
    tab = new_tab()
    tab.open(PAGE)
    tab.page.get_by_role("button", name="Tie").dblclick(no_wait_after=True)
    tab.page.get_by_role("heading", name="Your vote: Tie").wait_for()
    assert tab.page.locator(".messages").count() == 0
    assert len(votes()) == 1


def test_a_whole_session_in_chinese(essays, new_tab):
    from leaderboard.models import VoteUndo

    tab = new_tab(locale="zh-CN")
    tab.open(PAGE)
    page, heading = tab.page, lambda name: tab.page.get_by_role("heading", name=name).wait_for()
    assert page.locator("html").get_attribute("lang") == "zh-hans"
    heading("哪个回答更好？")
    page.keyboard.press("?")
    assert (page.locator("#keys").get_attribute("open"), page.evaluate(LATIN)) == ("", [])
    for key, told in (("a", "A 更好"), ("x", "都不好")):
        page.keyboard.press(key)
        heading(f"您的投票：{told}")
        page.get_by_role("heading", name="其他人的投票").wait_for()
        assert page.evaluate(LATIN) == []
        page.keyboard.press("n")
        heading("哪个回答更好？")
    page.keyboard.press("u")
    page.get_by_text("您的投票已撤回").wait_for()
    for _ in range(2):
        page.get_by_role("button", name="跳过").click()
    page.get_by_text("没有可供您投票的配对了。").wait_for()
    assert page.evaluate(LATIN) == []
    page.goto(f"{tab.base}/me/votes/")
    assert [line.inner_text() for line in page.locator("main > .scroll:last-of-type td:nth-of-type(3)").all()] == [
        "跳过",
        "跳过",
        "都不好 已撤回",
        "A 更好",
    ]
    assert page.evaluate(LATIN) == []
    assert [vote.outcome for vote in votes()][1:] == ["both_bad", "skip", "skip"]
    assert VoteUndo.objects.get().vote == votes()[1]
    page.get_by_role("button", name="English").click()
    page.get_by_role("heading", name="Your votes").wait_for()
    assert tab.faults == []
