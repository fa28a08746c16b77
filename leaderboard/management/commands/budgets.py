"""`manage.py budgets`."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import CommandParser

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.management.base import Command as Base
from leaderboard.models import Budget, Judge, LiveRules, Submission, Sweep
from leaderboard.models.budgets import NANO
from leaderboard.services import budgets

OWNERS = {"submission": Submission, "sweep": Sweep}


class Command(Base):
    """Lists what was spent, or sets the caps of one purse."""

    help = (
        "Caps on what models may cost: of a day, a judge, a submission, a sweep, a day's live battles of an arena. "
        "Raising one wakes what waits."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("purse", nargs="?", help="day, judge:NAME, submission:ID, sweep:ID or live:ARENA")
        parser.add_argument("--usd", help="most US dollars; leave out for no such cap")
        parser.add_argument("--tokens", type=int, help="most tokens; leave out for no such cap")

    def handle(self, *_: Any, **options: Any) -> None:
        """Set where a purse is given, then list."""
        if options["purse"] is not None:
            budgets.set_cap(_key(options["purse"]), usd=options["usd"], tokens=options["tokens"])
        for row in Budget.objects.order_by("key"):
            usd = "no cap" if row.cap_nano is None else f"of ${row.cap_nano / NANO:.4f}"
            tokens = "no cap" if row.cap_tokens is None else f"of {row.cap_tokens:,}"
            spent = f"${row.spent_nano / NANO:.4f} {usd}, {row.spent_tokens:,} tokens {tokens}"
            self.stdout.write(f"{row.key}: {spent}, held back ${row.held_nano / NANO:.4f}")


def _key(purse: str) -> str:
    """The key of a purse that a person names."""
    kind, _, name = purse.partition(":")
    if purse == budgets.DAY:
        return purse
    if kind == "judge" and (judge := Judge.objects.filter(name=name).first()):
        return f"judge:{judge.pk}"
    if kind == budgets.LIVE and (rules := LiveRules.objects.filter(arena__slug=name).first()):
        return f"{budgets.LIVE}:{rules.arena_id}"
    if kind in OWNERS and _is_one(OWNERS[kind], name):
        return f"{kind}:{uuid.UUID(name)}"
    message = f"Give day, judge:NAME, submission:ID, sweep:ID or live:ARENA; '{purse}' names none."
    raise InvalidInput(FieldError(("purse",), message))


def _is_one(model: Any, text: str) -> bool:
    try:
        return bool(model.objects.filter(pk=uuid.UUID(text)).exists())
    except ValueError:
        return False
