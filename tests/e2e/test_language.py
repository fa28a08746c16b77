"""The language of the pages in a real Chromium: asked for by the browser, chosen at the foot, kept after signing in."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def heading(tab):
    return tab.page.inner_text("h1").split()[0]


def language(tab):
    return tab.page.evaluate("document.documentElement.lang")


def test_a_browser_in_chinese_gets_chinese_that_fits_a_phone(new_tab, board):
    tab = new_tab(locale="zh-CN")
    tab.page.set_viewport_size(PHONE)
    for path in ("/", f"/boards/{board.slug}/", f"/boards/{board.slug}/how/", f"/boards/{board.slug}/charts/"):
        tab.open(path)
        assert language(tab) == "zh-hans", path
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    assert heading(tab) == "图表" and not tab.faults


def test_the_choice_goes_back_to_the_same_page_and_stays_after_signing_in(new_tab, board, django_user_model):
    django_user_model.objects.create_user("ada", password="a long pass phrase")
    tab = new_tab(locale="en-GB", java_script_enabled=False)
    tab.open(f"/boards/{board.slug}/compare/?differ=1")
    assert heading(tab) == "Compare"
    tab.page.click("text=简体中文")
    assert tab.page.url.endswith("/compare/?differ=1") and heading(tab) == "两项对比"
    tab.open("/sign-in/")
    tab.page.fill("[name=username]", "ada")
    tab.page.fill("[name=password]", "a long pass phrase")
    tab.page.click("main button")
    assert tab.page.inner_text("nav").split()[-1] == "退出登录"
    tab.page.click("text=English")
    assert heading(tab) == "Boards" and not tab.faults
