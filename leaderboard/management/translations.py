"""Catalogs of translations: read, merged with the sentences of the source, checked, written and compiled."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import to_locale

from leaderboard.management.sentences import Sentence

FOLDER = Path(settings.BASE_DIR) / "leaderboard" / "locale"
PLACEHOLDER = re.compile(r"%\(\w+\)[sdf]|%%|\{\w*(?:![rsa])?(?::[^{}]*)?\}|<[^<>]+>")
"""What must stand in a translation as often as in the source: values, doubled percent signs, HTML tags."""

HEAD = "# Kept by: python manage.py messages"

Texts = str | Sequence[str]
Sentences = Mapping[tuple[str, str], Sentence]


class Plain(Catalog):
    """A catalog whose head tells no time, so that the files change only where the messages do."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """The head, as names and values."""
        return [
            ("Language", str(self.locale)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=UTF-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]


def locales() -> list[str]:
    """The locales to translate into: every language of the settings but that of the source."""
    return [to_locale(code) for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def path_of(locale: str, kind: str = "po") -> Path:
    """Where the catalog of a locale is."""
    return FOLDER / locale / "LC_MESSAGES" / f"django.{kind}"


def stored(locale: str) -> Catalog:
    """The catalog as it is on disk; empty where there is none."""
    path = path_of(locale)
    if not path.exists():
        return Catalog(locale=locale)
    with path.open("rb") as file:
        return read_po(file, locale=locale, abort_invalid=True)


def merged(locale: str, wanted: Sentences, added: Mapping[str, Texts]) -> Plain:
    """The sentences of the source with what is known of their translations; what is added comes before what is stored.

    A sentence that the source no longer has is left out.
    """
    before, found = stored(locale), Plain(locale=locale, fuzzy=False, charset="utf-8", header_comment=HEAD)
    known = {_loose(text): value for text, value in added.items()}
    for sentence in wanted.values():
        old = before.get(sentence.text, sentence.context or None)
        text = known.get(_loose(sentence.text)) or (old.string if old else None)
        ids: Any = (sentence.text, sentence.plural) if sentence.plural else sentence.text
        found.add(
            ids, _fitting(text, sentence, found), locations=[(sentence.place, 0)], context=sentence.context or None
        )
    return found


def strangers(wanted: Sentences, added: Mapping[str, Texts]) -> list[str]:
    """What is added although no sentence of the source reads so."""
    known = {_loose(sentence.text) for sentence in wanted.values()}
    return [text for text in added if _loose(text) not in known]


def _loose(text: str) -> str:
    """A text without what a person who copies it from a template gets wrong: line breaks and percent signs."""
    return " ".join(re.sub(r"\{\{\s*(\w+)\s*\}\}", r"%(\1)s", text).replace("%%", "%").split())


def _fitting(text: Texts | None, sentence: Sentence, catalog: Catalog) -> Any:
    """One text, or one for each plural form of the language; percent signs doubled where the source doubles them."""
    given = [text] if isinstance(text, str) else list(text or ())
    if "%%" in sentence.text:
        given = [re.sub(r"(?<!%)%(?![%(])", "%%", one) for one in given]
    if not sentence.plural:
        return given[0] if given else ""
    count = catalog.num_plurals
    return tuple((given + given[-1:] * count)[:count]) if given else ("",) * count


def faults(catalog: Catalog, wanted: Sentences) -> Iterator[str]:
    """What is wrong with a catalog, a line each: missing, fuzzy, left over, or placeholders not as in the source."""
    kept = {(message.context or "", _id(message)): message for message in catalog if message.id}
    for key in wanted:
        if key not in kept:
            yield f"not in the catalog: {key[1]!r} ({wanted[key].place})"
    for key, message in kept.items():
        if key not in wanted:
            yield f"no longer in the source: {key[1]!r}"
        elif message.fuzzy:
            yield f"fuzzy: {key[1]!r}"
        else:
            yield from _faults_of(message, wanted[key])


def _faults_of(message: Message, sentence: Sentence) -> Iterator[str]:
    texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if not (texts and all(texts)):
        yield f"not translated: {sentence.text!r} ({sentence.place})"
        return
    allowed = [_marks(one) for one in (sentence.text, sentence.plural) if one]
    for text in texts:
        if _marks(text) not in allowed:
            yield f"other placeholders: {sentence.text!r} is translated as {text!r}"


def _id(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _marks(text: str) -> Counter[str]:
    return Counter(PLACEHOLDER.findall(text))


def as_po(catalog: Catalog) -> bytes:
    """The catalog as a .po file, in the order of the source, without line numbers."""
    file = io.BytesIO()
    write_po(file, catalog, width=118, include_lineno=False, ignore_obsolete=True)
    return file.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    """The catalog compiled."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()
