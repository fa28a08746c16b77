"""Formulas in Markdown: `$…$`, `\\(…\\)` in a line, `$$…$$`, `\\[…\\]` as displays, as MathML made on the server."""

from __future__ import annotations

import html
import xml.etree.ElementTree as ET
from typing import Any

from latex2mathml.converter import convert_to_element
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

MOST_SIGNS = 1_000
"""Signs of one formula; a longer one is shown as its source."""
MOST_FORMULAS = 300
"""Formulas of one text; those after are shown as their source."""
_PAIRS = {"$$": "$$", "\\[": "\\]", "\\(": "\\)", "$": "$"}
"""Opener and closer, the longer before its part."""
TAGS = frozenset(
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle msub msup msubsup munder mover munderover mtable mtr"
    " mtd mpadded mphantom menclose mmultiscripts mprescripts none".split()
)
ATTRIBUTES = frozenset(
    "display displaystyle scriptlevel mathvariant stretchy fence form separator accent accentunder movablelimits"
    " symmetric largeop minsize maxsize lspace rspace width height depth linethickness columnalign rowspacing"
    " columnspacing".split()
)


def add_maths(parser: MarkdownIt) -> None:
    """Teach the parser formulas; `render` writes them."""
    parser.inline.ruler.before("escape", "maths", _inline)
    parser.block.ruler.before("fence", "maths_block", _block, {"alt": ["paragraph", "blockquote", "list"]})


def _inline(state: StateInline, silent: bool) -> bool:
    opener = next((o for o in _PAIRS if state.src.startswith(o, state.pos)), None)
    if opener is None:
        return False
    start = state.pos + len(opener)
    end = _end(state.src, start, min(state.posMax, start + MOST_SIGNS), opener)
    if end < 0:
        return False
    if not silent:
        _push(state, state.src[start:end], "block" if opener in ("$$", "\\[") else "inline", opener)
    state.pos = end + len(_PAIRS[opener])
    return True


def _end(text: str, start: int, limit: int, opener: str) -> int:
    """Where the closer is, or −1. A lone `$` must hug its formula and not stand before a digit, or it is money."""
    closer = _PAIRS[opener]
    end = text.find(closer, start, limit + len(closer))
    while opener == "$" and end > 0 and text[end - 1] == "\\":
        end = text.find(closer, end + 1, limit + 1)
    inside = text[start:end]
    if end < 0 or not inside.strip():
        return -1
    money = inside[0].isspace() or inside[-1].isspace() or text[end + 1 : end + 2].isdigit()
    return -1 if opener == "$" and money else end


def _block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """A display that begins its line, over several lines; so `-` or `#` inside is no list and no heading."""
    if state.is_code_block(first):
        return False
    begin = state.bMarks[first] + state.tShift[first]
    opener = state.src[begin : begin + 2]
    if opener not in ("$$", "\\["):
        return False
    end = _end(state.src, begin + 2, begin + MOST_SIGNS, opener)
    line = first
    while end >= 0 and line < last and state.eMarks[line] < end:
        line += 1
    if end < 0 or line >= last or state.src[end + 2 : state.eMarks[line]].strip():
        return False
    if not silent:
        _push(state, state.src[begin + 2 : end], "block", opener)
        state.line = line + 1
    return True


def _push(state: Any, source: str, display: str, opener: str) -> None:
    token = state.push("maths", "math", 0)
    token.content, token.markup, token.info = source, opener, display
    token.block = isinstance(state, StateBlock)


def render(_: Any, tokens: Any, index: int, __: Any, env: dict[str, Any]) -> str:
    """A formula among the tokens as HTML; counts them in `env`."""
    token = tokens[index]
    env["formulas"] = env.get("formulas", 0) + 1
    made = mathml(token.content, token.info) if env["formulas"] <= MOST_FORMULAS else None
    if made is not None:
        return made
    return f"<code>{html.escape(token.markup + token.content + _PAIRS[token.markup])}</code>"


def mathml(source: str, display: str) -> str | None:
    """The formula as MathML of `TAGS` and `ATTRIBUTES` alone; None where it is not understood.

    The library's own writer unescapes what stands in `\\text{}`, so that it could hold tags; this one does not.
    """
    try:
        tree = convert_to_element(source, display=display)
        return ET.tostring(_clean(tree), encoding="unicode")
    except Exception:  # the library raises what it meets: IndexError, KeyError, RecursionError and its own
        return None


def _clean(node: ET.Element) -> ET.Element:
    if node.tag not in TAGS:
        raise ValueError(node.tag)
    node.text, node.tail = (html.unescape(text) if text else text for text in (node.text, node.tail))
    node.attrib = {name: value for name, value in node.attrib.items() if name in ATTRIBUTES}
    for child in node:
        _clean(child)
    return node
