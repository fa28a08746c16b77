"""Boards with everything on them, their charts and their flags, in a real Chromium."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.e2e.conftest import PHONE
from tests.e2e.test_pages import CUT, LUMINANCE, SMALL, UNNAMED
from tests.factories import plain_entries, snapshot, submit, sums_board

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZE = 12
PATHS = (
    "/boards/sums/",
    "/boards/sums/?style=1&category=sums&sort=-rating",
    "/boards/sums/charts/",
    "/boards/sums/how/",
    "/boards/sums/compare/?a=entry-0&b=entry-1",
    "/entries/entry-11/",
)
PALE = """
() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ratio = (square) => {
    const [a, b] = ["text", "rect"].map((part) => light(parse(getComputedStyle(square.querySelector(part)).fill)));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  return [...document.querySelectorAll(".heat")].filter((s) => ratio(s) < 4.5).map((s) => s.getAttribute("class"));
}
"""
"""Squares of a heatmap whose number has a contrast below 4.5 to 1."""


def standing(place: int) -> dict:
    rating, ranks = 1300.0 - 40 * place, {"rank_low": place + 1, "rank_high": place + 2}
    return {
        **ranks,
        "rating": rating,
        "rating_low": rating - 30,
        "rating_high": rating + 30,
        "win_rate": 80.0 - 5 * place,
        "win_rate_se": 1.25,
        "lc": 70.0 - 3 * place,
        "lc_se": 1.5,
        "style_rating": rating - 100 * (place % 3),
        "style_rank_low": place % 3 + 1,
        "style_rank_high": 12,
        "chance": 0.75,
        "more": 1234,
        "n": 2000,
        "missing": 12,
        "unscored": 3,
        "mean_length": 1000.0 + 90 * place,
        "mean_tokens": 250.5,
        "cost_usd": 0.0123,
        "note": "Few verdicts.",
    }


def details(slugs: list[str]) -> dict:
    i, j = zip(*[(a, b) for a in range(SIZE) for b in range(a + 1, SIZE)], strict=True)
    near = {
        "difference": 12.0,
        "se": 8.0,
        "chance": 0.93,
        "p_value": 0.13,
        "p_holm": 0.4,
        "decided": False,
        "more": 1234,
    }
    flag = {
        "entry": slugs[-1],
        "kind": "template-markers",
        "sentence": "All hold markers.",
        "evidence": {},
        "cleared": False,
    }
    return {
        "counts": {"verdicts": 4025, "unscored": 3},
        "methods": {"bradley-terry": {"version": "2", "params": {"anchor": ""}}, "style": {"version": "2"}},
        "style": [{"name": "tokens", "beta": 0.25, "se": 0.06, "low": 0.13, "high": 0.37, "scale": 0.31}],
        "pairs": {"entries": slugs, "i": i, "j": j, "won_i": [k % 11 for k in range(len(i))], "n": [10] * len(i)},
        "elo_history": {slug: [[0, 1000], [90, 1000 + 9 * place]] for place, slug in enumerate(slugs)},
        "neighbours": [{"better": a, "worse": b, **near} for a, b in pairwise(slugs)],
        "fragility": {"leader": slugs[0], "challenger": slugs[1], "n_removed": 13, "share": 0.00323},
        "flags": [flag],
    }


@pytest.fixture
def flag(transactional_db, bell):
    """The flag of the last of twelve entries, on a board with all that a snapshot can hold."""
    from leaderboard.models import Flag

    board, entries = sums_board(), plain_entries(SIZE)
    rows = [standing(place) for place in range(SIZE)]
    rows[-1] |= {"flags": ["template-markers"], "rank_low": None, "rank_high": None}
    for _ in range(2):
        snapshot(board, rows, details([entry.slug for entry in entries]), {"sums": rows, "a longer name": rows})
    evidence = {"marker": "pair-record", "excerpt": '"model_identifier": "M", ' * 6}
    made = {"kind": "template-markers", "sentence": "All hold markers.", "evidence": evidence}
    return Flag.objects.create(board=board, entry=entries[-1], **made)


@pytest.fixture
def judge(ada, flag):
    """A signed-in client of a person with the right to decide."""
    from django.contrib.auth.models import Permission

    from leaderboard.models import User

    User.objects.get(username="ada").user_permissions.add(Permission.objects.get(codename="decide_flag"))
    return ada


SETTINGS = (
    {},
    {"strategy": "temperature", "decoding": {"temperature": 0.7}, "samples": 3},
    {"strategy": "temperature", "decoding": {"temperature": 1.3}, "samples": 3},
    {
        "strategy": "min-p",
        "decoding": {"temperature": 2.0, "min_p": 0.1, "repetition_penalty": 1.05},
        "samples": 4,
    },
)


@pytest.fixture
def report(transactional_db, parrot, work):
    """The report of one of two models, each decoded in four ways."""
    from leaderboard.models import VariationReport

    board = sums_board()
    for model in ({"model": "coco"}, {"model": "a-parrot-with-a-long-name-of-its-own", "wrong_every": 2}):
        for setting in SETTINGS:
            submit(board, model, **setting)
    work()
    return VariationReport.objects.first()


@pytest.mark.parametrize("path", PATHS)
def test_it_is_clean_reads_in_light_and_dark_and_fits_a_phone(path, judge, new_tab):
    tab = new_tab(judge)
    assert tab.open(path) == 200
    assert (tab.page.evaluate(UNNAMED), tab.page.evaluate(LUMINANCE), tab.page.evaluate(PALE)) == ([], [], [])
    tab.page.emulate_media(color_scheme="dark")
    assert (tab.page.evaluate(LUMINANCE), tab.page.evaluate(PALE)) == ([], [])
    tab.page.set_viewport_size(PHONE)
    assert tab.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert (tab.page.evaluate(SMALL), tab.page.evaluate(CUT), tab.faults) == ([], [], [])


def test_a_phone_shows_each_number_of_a_card_on_the_screen(flag, new_tab):
    tab = new_tab()
    tab.page.set_viewport_size(PHONE)
    tab.open("/boards/sums/")
    boxes = [cell.bounding_box() for cell in tab.page.locator("tbody tr").first.locator(".value").all()]
    assert len(boxes) == 9
    assert all(box["x"] + box["width"] <= PHONE["width"] for box in boxes)


@pytest.mark.parametrize("of_model", [False, True])
def test_the_non_determinism_report_is_clean_in_light_and_dark_and_fits_a_phone(of_model, report, new_tab):
    tab = new_tab()
    assert tab.open("/boards/sums/variation/" + (f"{report.model_id}/" if of_model else "")) == 200
    assert (tab.page.evaluate(UNNAMED), tab.page.evaluate(LUMINANCE), tab.page.evaluate(PALE)) == ([], [], [])
    assert tab.page.locator("figure svg[role=img]").count() == (11 if of_model else 2)
    tab.page.emulate_media(color_scheme="dark")
    assert (tab.page.evaluate(LUMINANCE), tab.page.evaluate(PALE)) == ([], [])
    tab.page.set_viewport_size(PHONE)
    assert tab.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert (tab.page.evaluate(SMALL), tab.page.evaluate(CUT), tab.faults) == ([], [], [])


def test_a_board_leads_to_its_report_and_on_to_a_model_and_its_data(report, new_tab):
    tab = new_tab()
    tab.open("/boards/sums/")
    tab.page.get_by_role("link", name="Non-determinism report").click()
    tab.page.get_by_role("heading", name="coco").get_by_role("link").click()
    assert tab.page.locator("h1").inner_text().startswith("coco")
    told = tab.page.request.get(tab.base + tab.page.locator("#ladder a", has_text="CSV").get_attribute("href"))
    assert told.text().startswith("entry,configuration,mean_percent")
    assert tab.faults == []


@pytest.mark.parametrize("scripts", [True, False])
def test_links_keep_category_style_and_sort_together(scripts, flag, new_tab):
    tab = new_tab(java_script_enabled=scripts)
    tab.open("/boards/sums/")
    tab.page.get_by_role("link", name="with style held equal").click()
    tab.page.get_by_role("link", name="sums (1)").click()
    tab.page.locator("thead").get_by_role("link", name="LC win rate").click()
    tab.page.wait_for_url("**/boards/sums/?sort=-lc&style=1&category=sums")
    assert tab.page.locator(".choices [aria-current]").all_inner_texts() == ["sums (1)", "with style held equal"]
    assert tab.page.locator("tbody tr th").first.inner_text().startswith("entry-0")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_person_with_the_right_clears_a_flag_and_raises_it_again(scripts, judge, new_tab):
    tab = new_tab(judge, java_script_enabled=scripts)
    tab.open("/boards/sums/")
    tab.page.get_by_role("link", name="template markers").click()
    for button, reason in (("Clear", "It is about templates."), ("Raise again", "It is not.")):
        tab.page.get_by_label("Reason").fill(reason)
        tab.page.get_by_role("button", name=button, exact=True).click()
        tab.page.get_by_text("Your decision is stored").wait_for()
    told = tab.page.locator(".decisions li").all_inner_texts()
    assert [line.split(" by ")[0] for line in told] == ["Raised again", "Cleared"]
    assert tab.faults == []
