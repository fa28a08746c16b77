"""Model output as safe HTML. It is written by a machine that anyone may have prompted: no links, images or raw HTML."""

from __future__ import annotations

from functools import lru_cache

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

CAP_BYTES = 64 * 1024
"""Longer texts are shown as they are."""

TAGS = set("p br strong em s code pre ul ol li blockquote hr h4 h5 h6 table thead tbody tr th td".split())
_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False, "breaks": True})
    .enable(["table", "strikethrough"])
    .disable(["link", "image", "autolink", "reference", "html_inline", "html_block"])
)


@lru_cache(maxsize=512)
def render(text: str) -> SafeString:
    """`text` as HTML: Markdown without links and images, or plain where it is too long."""
    if len(text.encode()) > CAP_BYTES:
        return format_html("<pre>{}</pre>", text)
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type.startswith("heading"):
            token.tag = f"h{min(6, int(token.tag[1]) + 3)}"  # below the page's own headings
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return mark_safe(nh3.clean(html, tags=TAGS, attributes={"ol": {"start"}}, link_rel=None))  # noqa: S308
