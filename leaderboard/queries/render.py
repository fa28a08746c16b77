"""Model output as safe HTML. It is written by a machine that anyone may have prompted: no links, images or raw HTML.

Markdown, tables, code in colours and formulas are made here, on the server, and cleaned after. Hostile text is capped
by its size and by the time that it takes. `services.renderings` keeps what is made.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

from leaderboard.queries import maths

log = logging.getLogger(__name__)
VERSION = 1
"""Part of the key of what is kept: a change of the output here makes it anew."""
CAP_BYTES = 64 * 1024
"""Longer texts are shown as they are."""
CAP_SECONDS = 1.0
"""Of this thread's processor; a text that takes longer is shown as it is."""
MOST_CODE = 20_000
"""Signs of one block of code; a longer one has no colours."""

TAGS = set("p br strong em s code pre ul ol li blockquote hr h4 h5 h6 table thead tbody tr th td span".split())
LANGUAGES = frozenset(
    "bash c c++ cpp c# cs csharp console css diff dockerfile go golang haskell html http ini java javascript js json"
    " jsx julia kotlin latex lua makefile markdown matlab php perl powershell py python python3 r rb ruby rs rust scala"
    " sh shell sql swift tex toml ts tsx typescript xml yaml yml zsh".split()
)
_FORMATTER = HtmlFormatter(nowrap=True)
_COLOURS = set(STANDARD_TYPES.values()) - {""}


class _TooLongError(Exception):
    """The time for one text is used up."""


class _Watch:
    """A deadline that the parser's rules look at, one per rendering and so per thread."""

    def __init__(self) -> None:
        self.end = time.thread_time() + CAP_SECONDS

    def check(self) -> None:
        if time.thread_time() > self.end:
            raise _TooLongError

    def over(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """The rule, refusing to begin once the time is used up. Rules run at each sign, so none runs long past it."""

        def watched(*given: Any) -> Any:
            self.check()
            return rule(*given)

        return watched


def _parser(watch: _Watch) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "highlight": lambda *given: _code(watch, *given)})
    parser.enable(["table", "strikethrough"])
    maths.add_maths(parser)
    parser.disable(["link", "image", "autolink", "reference", "html_inline", "html_block"])
    for chain in (parser.block.ruler, parser.inline.ruler, parser.inline.ruler2):
        for rule in chain.__rules__:
            rule.fn = watch.over(rule.fn)
    parser.add_render_rule("maths", watch.over(maths.render))
    return parser


def _code(watch: _Watch, code: str, language: str, _: str) -> str:
    """A block of code in colours; empty where the language is not known, and then it is shown as it is."""
    if language.lower() not in LANGUAGES or len(code) > MOST_CODE:
        return ""

    def tokens() -> Any:
        for token in get_lexer_by_name(language.lower()).get_tokens(code):
            watch.check()
            yield token

    parts: list[str] = []
    _FORMATTER.format(tokens(), _Sink(parts))
    return "".join(parts)


class _Sink:
    """What the formatter writes to."""

    def __init__(self, parts: list[str]) -> None:
        self.write = parts.append


@lru_cache(maxsize=512)
def render(text: str) -> SafeString:
    """`text` as HTML: Markdown without links and images, or plain where it is too long or takes too long."""
    if len(text.encode(errors="replace")) > CAP_BYTES:
        return plain(text)
    try:
        return mark_safe(_clean(_made(text)))  # noqa: S308
    except _TooLongError:
        return plain(text)
    except Exception:  # parsers of text that anyone may have written can raise anything
        log.warning("A text of %d signs could not be rendered.", len(text), exc_info=True)
        return plain(text)


def plain(text: str) -> SafeString:
    """`text` as it is."""
    return format_html("<pre>{}</pre>", text)


def _made(text: str) -> str:
    parser, env = _parser(_Watch()), dict[str, Any]()
    tokens = parser.parse(text, env)
    for token in tokens:
        if token.type.startswith("heading"):
            token.tag = f"h{min(6, int(token.tag[1]) + 3)}"  # below the page's own headings
    return str(parser.renderer.render(tokens, parser.options, env))


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS | maths.TAGS,
        attributes={"ol": {"start"}, **{tag: set(maths.ATTRIBUTES) for tag in maths.TAGS}},
        allowed_classes={"span": _COLOURS},
        link_rel=None,
    )
