"""Finds every sentence that a reader of the pages can meet: in templates, in Python and in the plugins' own texts.

The messages come in the order of the files and of the lines in them, so that the catalog changes where the code does.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from babel.messages.extract import extract
from django.conf import settings
from django.utils.translation.template import templatize

from leaderboard.contracts.params import Params
from leaderboard.contracts.registry import FAMILIES
from leaderboard.ratings.pairing import Sampling
from leaderboard.services.arenas import ArenaSettings
from leaderboard.services.live_rules import LiveSettings

PACKAGES = ("leaderboard", "judges", "workers")
KEYWORDS: Mapping[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "said": None,
    "counted": (1, 2),
}
FORMS: tuple[type[Params], ...] = (Sampling, ArenaSettings, LiveSettings)
"""Settings that are shown, beside those of plugins."""


@dataclass(frozen=True)
class Sentence:
    """A message of the source: its text, the plural one or an empty text, its context or an empty text, its file."""

    text: str
    plural: str = ""
    context: str = ""
    place: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What the catalog finds it by."""
        return self.context, self.text


def sentences() -> dict[tuple[str, str], Sentence]:
    """Every sentence by its key; one that stands in several files is the first one's."""
    found: dict[tuple[str, str], Sentence] = {}
    for sentence in (*_of_templates(), *_of_python(), *_of_plugins(), *_of_forms()):
        if sentence.text.strip():
            found.setdefault(sentence.key, sentence)
    return found


def _of_templates() -> Iterator[Sentence]:
    root = Path(settings.BASE_DIR)
    for path in sorted((root / "templates").rglob("*.*")):
        place = str(path.relative_to(root))
        code = templatize(path.read_text(encoding="utf-8"), origin=place)
        # What is not a message comes as runs of X; in brackets their indentation means nothing.
        yield from _extracted(io.BytesIO(f"({code})".encode()), place)


def _of_python() -> Iterator[Sentence]:
    root = Path(settings.BASE_DIR)
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if "migrations" not in path.parts:
                with path.open("rb") as file:
                    yield from _extracted(file, str(path.relative_to(root)))


def _extracted(file: BinaryIO, place: str) -> Iterator[Sentence]:
    for _, messages, _, context in extract("python", file, keywords=KEYWORDS):
        texts = (messages,) if isinstance(messages, str) else tuple(messages)
        yield Sentence(texts[0], texts[1] if len(texts) > 1 else "", context or "", place)


def _of_plugins() -> Iterator[Sentence]:
    """Titles of the built-in plugins, and names and descriptions of their settings."""
    for family, registry in FAMILIES.items():
        for listing in registry.listings():
            if listing.distribution == "touchstone":
                kind: Any = registry.get(listing.name)
                for text in (kind.title, *_texts(kind.Params.model_json_schema())):
                    yield Sentence(text, place=f"plugins/{family}")


def _of_forms() -> Iterator[Sentence]:
    """The same of settings that are no plugin's but have a form."""
    for kind in FORMS:
        for text in _texts(kind.model_json_schema()):
            yield Sentence(text, place=f"forms/{kind.__name__}")


def _texts(schema: Mapping[str, Any]) -> Iterator[str]:
    """Titles and descriptions of the settings in a JSON schema, those of nested models too."""
    for owner in (schema, *schema.get("$defs", {}).values()):
        for part in owner.get("properties", {}).values():
            yield from (part[name] for name in ("title", "description") if part.get(name))
