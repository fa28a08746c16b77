"""Every page in Chinese: no English sentence is left over, but for what users wrote, names and code."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.test import Client

from tests.e2e.house import READERS, House

pytestmark = pytest.mark.django_db
UNREAD = {"script", "style", "code", "pre", "kbd", "option", "textarea", "math"}
"""Elements whose text is code, data of users, or not for reading."""
VOID = {
    "meta",
    "link",
    "input",
    "br",
    "hr",
    "img",
    "col",
    "source",
    "wbr",
    "path",
    "line",
    "rect",
    "circle",
    "polyline",
}
READ_ATTRIBUTES = {"title", "aria-label", "alt", "aria-description"}
TWO_WORDS = re.compile(r"[A-Za-z][A-Za-z']+(?: [A-Za-z][A-Za-z']+)+")
NAMES = (
    "Chatbot Arena",
    "Length-Controlled AlpacaEval",
    "The Rating of Chessplayers",
    "Does style matter",
    "JSON lines",
)
"""Names that are the same in every language."""
DATA = ("Few verdicts.", "It cannot be told.", "Votes are published.", "Wrong Every", "Fails On")
"""What the house stores or asks for beside the columns below: test data, and the settings of the parrot."""


class Reader(HTMLParser):
    """Collects what a reader of the page reads."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[tuple[str, bool]] = []
        self.texts: list[str] = []

    @property
    def unread(self) -> bool:
        return bool(self.stack and self.stack[-1][1])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        hidden = (
            self.unread or tag in UNREAD or given.get("translate") == "no" or bool({"output", "asked"} & {*classes})
        )
        if not hidden:
            self.texts += [value for name, value in attrs if value and (name in READ_ATTRIBUTES or _is_said(name))]
        if tag not in VOID:
            self.stack.append((tag, hidden))

    def handle_endtag(self, tag: str) -> None:
        while self.stack and tag in {name for name, _ in self.stack} and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self.unread and data.strip():
            self.texts.append(" ".join(data.split()))


def _is_said(name: str) -> bool:
    return name.startswith("data-") and name not in ("data-label",)


@pytest.fixture(scope="module")
def written(house: House, django_db_blocker: object) -> list[str]:
    """What users and operators wrote, the longest first."""
    from leaderboard.models import (
        Benchmark,
        Board,
        DecodingConfig,
        Entry,
        Flag,
        Judge,
        LanguageModel,
        Prompt,
        QuarantineDecision,
    )

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        columns = [
            Board.objects.values_list("title", flat=True),
            Board.objects.values_list("description", flat=True),
            LanguageModel.objects.values_list("name", flat=True),
            DecodingConfig.objects.values_list("label", flat=True),
            Judge.objects.values_list("name", flat=True),
            Prompt.objects.values_list("text", flat=True),
            Flag.objects.values_list("sentence", flat=True),
            QuarantineDecision.objects.values_list("reason", flat=True),
        ]
        found = {text for column in columns for text in column}
        found |= {str(one) for one in (*Entry.objects.with_parts(), *Benchmark.objects.all())}
    return sorted(found - {""}, key=len, reverse=True)


def left_over(body: str, written: list[str]) -> list[str]:
    """Texts of a page with two or more English words that nobody wrote."""
    reader = Reader()
    reader.feed(body)
    found = []
    for text in dict.fromkeys(reader.texts):
        rest = text
        for known in (*written, *NAMES, *DATA):
            rest = rest.replace(known, " · ")
        if TWO_WORDS.search(rest):
            found.append(text)
    return found


@pytest.mark.parametrize("reader", READERS)
def test_no_english_is_left_on_any_page(house: House, written: list[str], reader: str) -> None:
    client = Client(headers={"accept-language": "zh-CN"})
    if reader in house.sessions:
        client.cookies["sessionid"] = house.sessions[reader]
    found = {}
    for name, path in house.pages.items():
        answer = client.get(path)
        if answer.status_code == 302:
            continue
        body = answer.content.decode()
        assert '<html lang="zh-hans"' in body, name
        if rest := left_over(body, written):
            found[name] = rest
    assert not found, "\n".join(f"{name}: {text}" for name, texts in found.items() for text in texts)


def test_the_search_finds_english() -> None:
    page = '<p title="A title here">你好 <code>some code here</code> <b translate="no">Ada Lovelace</b> Sign in</p>'
    assert left_over(page, []) == ["A title here", "Sign in"]
    assert left_over("<p>Sums of birds 和 Chatbot Arena</p>", ["Sums of birds"]) == []
