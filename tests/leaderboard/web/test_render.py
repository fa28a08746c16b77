"""Model output as HTML: what is shown, and what hostile text may not do."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from html.parser import HTMLParser

import pytest

from leaderboard.queries import maths
from leaderboard.queries import render as rendering
from leaderboard.queries.maths import ATTRIBUTES, MOST_FORMULAS, MOST_SIGNS
from leaderboard.queries.maths import TAGS as MATHS
from leaderboard.queries.render import CAP_BYTES, MOST_CODE, TAGS, plain, render

VOID = {"br", "hr"}
HARMLESS = {("ol", "start"), ("span", "class"), *((tag, name) for tag in MATHS for name in ATTRIBUTES)}


class Reader(HTMLParser):
    """What a browser would find in HTML: tags, their attributes, and whether all were closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: set[tuple[str, str]] = set()
        self.other: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes |= {(tag, name) for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        self.other.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def read(text: str) -> Reader:
    """The rendering, which holds nothing but what is allowed."""
    found = Reader(render(text))
    assert set(found.tags) <= TAGS | MATHS
    assert found.attributes <= HARMLESS
    assert (found.other, found.open) == ([], [])
    return found


def test_markdown_is_shown():
    html = render("# Head\n\n**bold** `code`\n\n- one\n- two\n\n|a|b|\n|-|:-:|\n|1|2|\n")
    for part in ("<h4>Head</h4>", "<strong>bold</strong>", "<code>code</code>", "<li>one</li>", "<td>1</td>"):
        assert part in html
    assert "style" not in html


def test_code_has_colours_where_its_language_is_known():
    html = render("```python\ndef f(a):\n    return a < 1\n```")
    assert '<span class="k">def</span>' in html and "&lt;" in html
    for text in ("```\ndef f\n```", "```klingon\ndef f\n```", f"```python\n{'a = 1 ' * (MOST_CODE // 6 + 1)}\n```"):
        assert "<span" not in render(text) and "<pre><code>" in render(text)


@pytest.mark.parametrize(
    ("text", "tag", "display"),
    [
        ("so $x_1^2$ holds", "msubsup", "inline"),
        (r"so \(\frac{a}{b}\) holds", "mfrac", "inline"),
        ("$$\n- a\n= b\n$$", "mo", "block"),
        ("\\[\n# 1 \\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}\n\\]", "mtable", "block"),
        ("- in a list $\\sqrt{2}$", "msqrt", "inline"),
        ("| a |\n|---|\n| $\\alpha$ |", "mi", "inline"),
        ("a $$x$$ b", "mi", "block"),
    ],
)
def test_formulas_are_mathml(text, tag, display):
    found = read(text)
    assert found.tags["math"] == 1 and found.tags[tag] >= 1
    assert f'<math display="{display}">' in render(text)
    assert not {"ul", "h4"} & set(found.tags) - ({"ul"} if text.startswith("-") else set())


@pytest.mark.parametrize(
    "text",
    [
        "it costs $5 or $6",
        "from $ 5 $ to $ 6 $",
        r"a \$5\$ b",
        "`$x$`",
        "```\n$x$\n```",
        "$x",
        "$$",
        "\\[ never closed",
        "$a\n\nb$",
    ],
)
def test_money_and_code_are_no_formulas(text):
    assert "math" not in read(text).tags


@pytest.mark.parametrize(
    "formula", ["\\frac{", "{" * 400, "\\begin{nothing}x", "\\left(", "\\\\" * 9, "a" * MOST_SIGNS]
)
def test_a_formula_that_is_not_understood_shows_its_source_or_something_harmless(formula):
    found = read(f"before ${formula}$ after")
    assert "before" in found.text and "after" in found.text


def test_no_more_formulas_are_made_than_the_cap():
    found = read("$x$ " * (MOST_FORMULAS + 5))
    assert (found.tags["math"], found.tags["code"]) == (MOST_FORMULAS, 5)


PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mtext><table><mglyph><style><img src onerror=alert(1)>",
    '<math href="javascript:alert(1)">x</math>',
    "<form><button formaction=javascript:alert(1)>x",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href='javas&Tab;cript:alert(1)'>x</a>",
    "<style>@import'//evil.example'</style>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<!--<img src=--><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "![x](http://evil.example/x.png)",
    '![x](x "onerror=alert(1)")',
    "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x][y]\n\n[y]: javascript:alert(1)",
    "[x]: http://evil.example\n\n[x]",
    "<http://evil.example>",
    "<javascript:alert(1)>",
    "https://evil.example",
    '<a href="//evil.example">x</a>',
    "</div></main><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\<script\\>alert(1)\\</script\\>",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
    "<ｓcript>alert(1)</ｓcript>",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
)
AROUND = {
    "alone": "{}",
    "in a line": "a **b** {} c",
    "heading": "# {}",
    "list": "1. {}\n   - {}",
    "quote": "> {}",
    "table": "| a |\n|---|\n| {} |",
    "code": "`{}`",
    "block": "```\n{}\n```",
    "highlighted": "```html\n{}\n```",
    "language": "```{}\nx\n```",
    "out of the block": "```\n</code></pre>{}\n```",
    "formula": "$\\text{{{}}}$",
    "formula in brackets": "\\(\\mathrm{{{}}}\\)",
    "display": "$$\\text{{{}}}$$",
    "label": "\\[\\label{{{}}} \\href{{{}}}{{x}} \\class{{{}}}{{x}} \\style{{{}}}{{x}}\\]",
    "environment": "$\\begin{{{}}}x\\end{{{}}}$",
    "colour": "$\\color{{{}}}x$",
    "space": "$\\hspace{{{}}}$",
    "raw formula": "${}$",
}


@pytest.mark.parametrize("place", AROUND)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_active_gets_through(payload, place):
    read(AROUND[place].replace("{}", payload).replace("{{", "{").replace("}}", "}"))


def test_a_long_text_is_shown_as_it_is():
    assert render("*<b>" * CAP_BYTES).startswith("<pre>*&lt;b&gt;")
    assert read("é" * (CAP_BYTES // 2 + 1)).tags == {"pre": 1}
    assert read("é" * (CAP_BYTES // 2)).tags == {"p": 1}


UNITS = (
    *(
        "*",
        "_a",
        "[",
        "`",
        ">",
        "- ",
        "|",
        "**a ",
        "~",
        "![",
        "<",
        "a`b``",
        "\\",
        "&",
        "1. \n",
        "\t",
        "$",
        "$a$",
        "\\[",
    ),
    *("\\(", "\\(a", "$$", "${", "$\\frac{", "$\\left($", "> > ", "* * ", "|a|b|\n|-|-|\n", "((", "]", "a\n", "\n\n"),
    *("  \n", "~~a", "***a", "&#", "\\\n", "```python\n", "```html\n<", "`a", "# ", "=\n", "<!--", "</", "a*_"),
)


@pytest.mark.parametrize("unit", UNITS)
def test_hostile_text_ends_whole_or_plain(unit):
    text = (unit * CAP_BYTES)[:CAP_BYTES]
    read(text)


class Clock:
    """A thread's time that goes on by a step at each look."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.mark.parametrize("text", ["*a* " * 50, "- a\n" * 50, "```python\n" + "a = 1\n" * 50 + "```", "$x$ " * 50])
def test_a_text_that_takes_too_long_is_shown_as_it_is(monkeypatch, text):
    monkeypatch.setattr(rendering.time, "thread_time", Clock(rendering.CAP_SECONDS / 40))
    assert render.__wrapped__(text) == plain(text)
    monkeypatch.setattr(rendering.time, "thread_time", Clock(0))
    assert render.__wrapped__(text) != plain(text)


def test_a_parser_that_breaks_loses_no_text(monkeypatch, caplog):
    def broken(_):
        raise IndexError("a bug")

    monkeypatch.setattr(rendering, "_made", broken)
    assert render.__wrapped__("<b>text") == plain("<b>text")
    assert "could not be rendered" in caplog.text


@pytest.mark.reference
def test_published_outputs_are_shown_safely_and_nearly_all_their_formulas_are_understood(reference_path, monkeypatch):
    made: list[bool] = []

    def counted(source, display):
        found = mathml(source, display)
        made.append(found is not None)
        return found

    mathml = maths.mathml
    monkeypatch.setattr(maths, "mathml", counted)
    files = sorted((reference_path / "alpaca_eval" / "results").glob("*/model_outputs.json.gz"))
    texts = [row["output"] or "" for path in files for row in json.loads(gzip.decompress(path.read_bytes()))[::4]]
    for text in texts:
        assert render.__wrapped__(text) != plain(text) or not text
        read(text)
    assert len(texts) > 100
    assert sum(made) >= 0.98 * len(made) > 0
