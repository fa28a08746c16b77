"""`manage.py messages`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.management.base import Command as Base


class Command(Base):
    """Collects what is to be translated, and keeps the catalogs."""

    help = (
        "Bring the catalogs of translations up to date with the texts in the code, and compile them. "
        "Needs babel, which the test extra installs."
    )

    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument(
            "--add", action="append", default=[], metavar="FILE.json", help="translations to take in, by English text"
        )
        parser.add_argument("--language", help="the locale that --add is for, such as zh_Hans")
        parser.add_argument(
            "--missing", action="store_true", help="change nothing; print what is not translated, as JSON"
        )
        parser.add_argument("--check", action="store_true", help="change nothing; fail unless all is translated")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it for each language."""
        try:
            from leaderboard.management import sentences, translations
        except ModuleNotFoundError as problem:
            raise CommandError(f"{problem}. Install it with: pip install 'touchstone[test]'") from None
        wanted, chosen = sentences.sentences(), options["language"]
        if chosen and chosen not in translations.locales():
            raise InvalidInput(FieldError(("language",), f"Choose one of {', '.join(translations.locales())}."))
        added = _read(options["add"])
        for text in translations.strangers(wanted, added):
            self.stderr.write(f"not in the source: {text!r}")
        for locale in [chosen] if chosen else translations.locales():
            if options["check"]:
                self._check(locale, wanted)
            elif options["missing"]:
                self._missing(locale, wanted)
            else:
                self._write(locale, wanted, added)

    def _check(self, locale: str, wanted: Any) -> None:
        from leaderboard.management import translations

        found = list(translations.faults(translations.stored(locale), wanted))
        fresh, compiled = (
            translations.as_mo(translations.merged(locale, wanted, {})),
            translations.path_of(locale, "mo"),
        )
        if not found and (not compiled.exists() or compiled.read_bytes() != fresh):
            found = ["the compiled file is not of this catalog"]
        for fault in found:
            self.stderr.write(f"{locale}: {fault}")
        if found:
            raise CommandError(f"{len(found)} faults in {locale}. Run: python manage.py messages")

    def _missing(self, locale: str, wanted: Any) -> None:
        from leaderboard.management import translations

        catalog = translations.merged(locale, wanted, {})
        blank = {one.text: one.place for one in wanted.values() if not _done(catalog, one)}
        self.stdout.write(json.dumps(blank, ensure_ascii=False, indent=1))

    def _write(self, locale: str, wanted: Any, added: Mapping[str, Any]) -> None:
        from leaderboard.management import translations

        catalog = translations.merged(locale, wanted, added)
        translations.path_of(locale).parent.mkdir(parents=True, exist_ok=True)
        translations.path_of(locale).write_bytes(translations.as_po(catalog))
        translations.path_of(locale, "mo").write_bytes(translations.as_mo(catalog))
        faults = list(translations.faults(catalog, wanted))
        self.stdout.write(f"{locale}: {len(wanted)} messages, {len(faults)} faults")


def _done(catalog: Any, sentence: Any) -> bool:
    message = catalog.get(sentence.text, sentence.context or None)
    return bool(message and message.string and all(message.string))


def _read(files: list[str]) -> dict[str, str | tuple[str, ...]]:
    """The translations of all files. Raises InvalidInput where one is not JSON of texts by text."""
    found: dict[str, str | tuple[str, ...]] = {}
    for name in files:
        try:
            given = json.loads(Path(name).read_text(encoding="utf-8"))
            found |= {str(key): value if isinstance(value, str) else tuple(value) for key, value in given.items()}
        except (OSError, ValueError, AttributeError, TypeError) as problem:
            raise InvalidInput(FieldError((name,), f"This is no JSON object of texts: {problem}")) from None
    return found
