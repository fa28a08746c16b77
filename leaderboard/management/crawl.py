"""Reads every page that the site links to, as a visitor without an account."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.error import HTTPError
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.request import urlopen

MOST = 300


class _Links(HTMLParser):
    """Collects the targets of links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A link is an `a` with an href."""
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def crawl(address: str) -> tuple[int, list[str]]:
    """How many pages were read from `address` on, at most `MOST`, and what was wrong with any of them."""
    waiting, seen, faults = [address + "/"], {address + "/"}, list[str]()
    read = 0
    while waiting and read < MOST:
        page = waiting.pop(0)
        read += 1
        try:
            with urlopen(page, timeout=30) as answer:  # noqa: S310, our own address
                html = answer.read().decode() if "html" in answer.headers.get("Content-Type", "") else ""
        except (HTTPError, OSError) as problem:
            faults.append(f"{page}: {problem}")
            continue
        for link in _links(page, html):
            if urlsplit(link).netloc == urlsplit(address).netloc and link not in seen:
                seen.add(link)
                waiting.append(link)
    return read, faults


def _links(page: str, html: str) -> list[str]:
    parser = _Links()
    parser.feed(html)
    return [urldefrag(urljoin(page, link)).url for link in parser.found]
