"""What tokens cost: the operator's table, by model name and date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from fnmatch import fnmatchcase

from django.utils import timezone

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import Price
from leaderboard.models.budgets import NANO

MILLION = 1_000_000
MOST_USD = Decimal(100_000)


@dataclass(frozen=True)
class Rate:
    """US dollars for a million tokens."""

    input_usd: Decimal
    output_usd: Decimal

    def nano(self, prompt_tokens: int, output_tokens: int) -> int:
        """What so many tokens cost, in billionths of a dollar, rounded up."""
        usd = (self.input_usd * prompt_tokens + self.output_usd * output_tokens) / MILLION
        return int((usd * NANO).to_integral_value(ROUND_CEILING))


def rate_of(model: str, at: datetime | None = None) -> Rate | None:
    """The price of a model now, or at a moment: the longest pattern that fits, its latest row. None where none fits."""
    rows = Price.objects.filter(since__lte=at or timezone.now())
    fitting = [row for row in rows if fnmatchcase(model, row.pattern)]
    if not fitting:
        return None
    best = max(fitting, key=lambda row: (len(row.pattern), row.since))
    return Rate(best.input_usd, best.output_usd)


def set_price(*, pattern: str, input_usd: str, output_usd: str, since: datetime | None = None) -> Price:
    """Add a row; earlier ones stay, for what was spent under them. Raises InvalidInput on the field at fault."""
    if not pattern.strip() or len(pattern) > 200:
        raise InvalidInput(FieldError(("pattern",), "Give a model's name or a pattern such as gpt-4o*."))
    amounts = {"input_usd": _amount(input_usd, "input"), "output_usd": _amount(output_usd, "output")}
    row, _ = Price.objects.update_or_create(pattern=pattern, since=since or timezone.now(), defaults=amounts)
    return row


def _amount(text: str, name: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not (amount.is_finite() and 0 <= amount <= MOST_USD):
        message = f"Give dollars for a million tokens, from 0 to {MOST_USD:,}, not '{text}'."
        raise InvalidInput(FieldError((name,), message))
    return amount.quantize(Decimal("0.000001"))
