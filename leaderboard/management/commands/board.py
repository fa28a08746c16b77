"""`manage.py board SLUG`."""

from __future__ import annotations

import io
import json
from typing import Any

from django.core.management.base import CommandParser
from rich.table import Table

from leaderboard.api.standings import rows_of, write_csv
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.management.base import Command as Base
from leaderboard.management.base import console
from leaderboard.models import Board

SHOWN = ("entry", "rating", "rating_low", "rating_high", "win_rate", "win_rate_se", "n", "missing", "score")


class Command(Base):
    """Prints a board."""

    help = "Print a board's present ranking. The columns are named as in the API."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("slug", help="the board's short name")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print JSON")
        form.add_argument("--csv", action="store_true", help="print CSV")

    def handle(self, *_: Any, **options: Any) -> None:
        """Print it."""
        board = Board.objects.select_related("current").filter(slug=options["slug"]).first()
        if board is None:
            known = ", ".join(Board.objects.values_list("slug", flat=True)) or "none yet"
            raise InvalidInput(FieldError(("slug",), f"There is no board '{options['slug']}'. Boards: {known}."))
        found = rows_of(board.current)
        table = [row.model_dump(mode="json") for row in found]
        if options["json"]:
            self.stdout.write(json.dumps(table, indent=1))
        elif options["csv"]:
            text = io.StringIO(newline="")
            write_csv(found, text)
            self.stdout.write(text.getvalue(), ending="")
        else:
            console.print(_table(board.title, table))


def _table(title: str, found: list[dict[str, Any]]) -> Table:
    table = Table("rank", *SHOWN, title=title)
    for row in found:
        ranks = sorted({row["rank_low"], row["rank_high"]} - {None})
        cells = [
            f"{row[n]:.1f}" if isinstance(row[n], float) else str(row[n] if row[n] is not None else "–") for n in SHOWN
        ]
        table.add_row("–".join(map(str, ranks)) or "–", *cells)
    return table
