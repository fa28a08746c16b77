"""What tokens cost: the operator's table, by model name and date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any

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


def rate_of(model: str, at: datetime | None = None, *, batched: bool = False) -> Rate | None:
    """The price of a model now, or at a moment: the longest pattern that fits, its latest row. None where none fits.

    `batched`: of a call through the Batch API.
    """
    rows = Price.objects.filter(since__lte=at or timezone.now())
    fitting = [row for row in rows if fnmatchcase(model, row.pattern)]
    if not fitting:
        return None
    best = max(fitting, key=lambda row: (len(row.pattern), row.since))
    factor = best.batch_factor if batched else 1
    return Rate(best.input_usd * factor, best.output_usd * factor)


@dataclass(frozen=True)
class Tariff:
    """What a judge's models cost now, by what it tells of itself. `rates`: by the place of the model, "" for its own;
    a jury has one for each member. None where no price is known.
    """

    rates: Mapping[str, Rate | None]

    @classmethod
    def of(cls, told: Mapping[str, str], *, batched: bool = False) -> Tariff:
        """By a judge's provenance; `batched` where all its calls go through the Batch API."""
        named = {name.removesuffix("model"): told[name] for name in told if name.endswith("model")}
        return cls({place: rate_of(model, batched=batched) for place, model in named.items()})

    @property
    def free(self) -> bool:
        """Whether the judge asks no model, so that it costs nothing."""
        return not self.rates

    @property
    def dearest(self) -> Rate | None:
        """A bound for all of its models; None where one has no known price."""
        known = [rate for rate in self.rates.values() if rate]
        if not known or len(known) < len(self.rates):
            return None
        return Rate(max(rate.input_usd for rate in known), max(rate.output_usd for rate in known))

    def nano(self, prompt_tokens: int, output_tokens: int, members: Sequence[Mapping[str, Any]] = ()) -> int | None:
        """What a verdict cost, in billionths of a dollar; None where a price is missing.

        `members`: `prompt_tokens` and `output_tokens` of each member of a jury, which has its own price.
        """
        if len(self.rates) == 1 or not members:
            return self.dearest.nano(prompt_tokens, output_tokens) if self.dearest else None
        costs = [self._of_member(place, one) for place, one in enumerate(members)]
        return None if None in costs else sum(cost or 0 for cost in costs)

    def _of_member(self, place: int, told: Mapping[str, Any]) -> int | None:
        tokens = told.get("prompt_tokens", 0), told.get("output_tokens", 0)
        rate = self.rates.get(f"member_{place}_")
        return 0 if not any(tokens) else rate.nano(*tokens) if rate else None


def set_price(
    *, pattern: str, input_usd: str, output_usd: str, since: datetime | None = None, batch_factor: str = "0.5"
) -> Price:
    """Add a row; earlier ones stay, for what was spent under them. Raises InvalidInput on the field at fault."""
    if not pattern.strip() or len(pattern) > 200:
        raise InvalidInput(FieldError(("pattern",), "Give a model's name or a pattern such as gpt-4o*."))
    amounts = {"input_usd": _amount(input_usd, "input"), "output_usd": _amount(output_usd, "output")}
    amounts["batch_factor"] = _factor(batch_factor)
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


def _factor(text: str) -> Decimal:
    try:
        factor = Decimal(text)
    except InvalidOperation:
        factor = Decimal(-1)
    if not (factor.is_finite() and 0 <= factor <= 1):
        message = f"Give the share of the price that a call in a batch costs, from 0 to 1, not '{text}'."
        raise InvalidInput(FieldError(("batch_factor",), message))
    return factor.quantize(Decimal("0.0001"))
