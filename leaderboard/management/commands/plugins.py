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

    def handle(self, *_: Any, **options: Any) -> None:
        """Print the table."""
        chosen = [options["family"]] if options["family"] else list(FAMILIES)
        rows = [{"family": family, **vars(listing)} for family in chosen for listing in FAMILIES[family].listings()]
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=1))
            return
        table = Table("family", "name", "distribution", "version")
        for row in rows:
            table.add_row(*row.values())
        console.print(table)
