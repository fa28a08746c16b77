"""`manage.py prices`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandParser

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.management.base import Command as Base
from leaderboard.models import Price
from leaderboard.services import prices


class Command(Base):
    """Lists prices, or adds one."""

    help = "Prices of models in US dollars for a million tokens: list them, or add one."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("pattern", nargs="?", help="a model's name or a pattern such as gpt-4o*")
        parser.add_argument("--input", metavar="USD", help="dollars for a million prompt tokens")
        parser.add_argument("--output", metavar="USD", help="dollars for a million output tokens")
        parser.add_argument(
            "--batch-factor", metavar="SHARE", default="0.5", help="share of this in a batch that may wait (0.5)"
        )
        parser.add_argument("--since", metavar="DATE", help="from when on, such as 2026-01-31 (now)")

    def handle(self, *_: Any, **options: Any) -> None:
        """Add where a pattern is given, then list."""
        if options["pattern"] is not None:
            if options["input"] is None or options["output"] is None:
                raise InvalidInput(FieldError(("input",), "Give both --input and --output."))
            prices.set_price(
                pattern=options["pattern"],
                input_usd=options["input"],
                output_usd=options["output"],
                since=_moment(options["since"]),
                batch_factor=options["batch_factor"],
            )
        for row in Price.objects.all():
            told = f"input ${row.input_usd:f}  output ${row.output_usd:f}"
            told += f"  in a batch x {row.batch_factor.normalize():f}"
            self.stdout.write(f"{row.pattern}  {told}  since {row.since:%Y-%m-%d %H:%M} UTC")


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        raise InvalidInput(FieldError(("since",), f"Give a date such as 2026-01-31, not '{text}'.")) from None
