"""Model output as HTML."""

from __future__ import annotations

import re
import time

import pytest

from leaderboard.queries.render import CAP_BYTES, render


def test_markdown_is_shown():
    html = render("# Head\n\n**bold** `code`\n\n- one\n- two\n\n|a|b|\n|-|:-:|\n|1|2|\n")
    for part in ("<h4>Head</h4>", "<strong>bold</strong>", "<code>code</code>", "<li>one</li>", "<td>1</td>"):
        assert part in html
    assert "style" not in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](http://evil.example/x.png)",
        "[x](javascript:alert(1))",
        "<http://evil.example>",
        "[x]: http://evil.example\n\n[x]",
        "```\n</code></pre><script>alert(1)</script>\n```",
        '<a href="//evil.example">x</a>',
    ],
)
def test_nothing_active_gets_through(text):
    tags = re.findall(r"<[^>]*>", render(text))
    assert set(tags) <= {"<p>", "</p>", "<pre>", "</pre>", "<code>", "</code>"}


def test_a_long_text_is_shown_as_it_is():
    html = render("*<b>" * CAP_BYTES)
    assert html.startswith("<pre>*&lt;b&gt;")


@pytest.mark.parametrize(
    "unit", ["*", "_a", "[", "`", ">", "- ", "|", "**a ", "~", "![", "<", "a`b``", "\\", "&", "1. \n", "\t"]
)
def test_hostile_text_costs_little(unit):
    text = (unit * CAP_BYTES)[:CAP_BYTES]
    start = time.perf_counter()
    render(text)
    assert time.perf_counter() - start < 3.0
