"""`manage.py plugins`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser
from rich.table import Table

from leaderboard.contracts.registry import FAMILIES
from leaderboard.management.base import Command as Base
from leaderboard.management.base import console


class Command(Base):
    """Lists the plugins."""

    help = "List the installed plugins by family. Nothing of them is loaded."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("--family", choices=sorted(FAMILIES), help="only this family")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument("--reference", action="store_true", help="print the reference page, as Markdown")

    def handle(self, *_: Any, **options: Any) -> None:
        """Print the table."""
        if options["reference"]:
            self.stdout.write(reference(), ending="")
            return
        chosen = [options["family"]] if options["family"] else list(FAMILIES)
        rows = [{"family": family, **vars(listing)} for family in chosen for listing in FAMILIES[family].listings()]
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=1))
            return
        table = Table("family", "name", "distribution", "version")
        for row in rows:
            table.add_row(*row.values())
        console.print(table)


def reference() -> str:
    """Every built-in plugin and its settings, made from the code: docs/reference.md."""
    lines = ["# Plugins and their settings", "", "Made by `python manage.py plugins --reference`."]
    for family, registry in FAMILIES.items():
        lines += ["", f"## {family}"]
        for listing in registry.listings():
            if listing.distribution == "touchstone":
                lines += _described(registry.get(listing.name))
    return "\n".join(lines) + "\n"


def _described(kind: Any) -> list[str]:
    fields = kind.Params.model_fields
    lines = ["", f"### {kind.name}", "", f"{kind.title}."]
    if fields:
        lines += ["", "| setting | default | meaning |", "|---|---|---|"]
    for name, field in fields.items():
        default = "required" if field.is_required() else f"`{field.default!r}`"
        lines.append(f"| `{name}` | {default} | {field.description or ''} |")
    return lines
