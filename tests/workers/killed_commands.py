"""Steps of commands that are killed, each in a process of its own: `python -m tests.workers.killed_commands STEP`."""

from __future__ import annotations

import json
import sys

import django

CAP = 20_000


def prepare() -> object:
    """An empty database with a board, and a cap."""
    from django.core.management import call_command

    from leaderboard.services import budgets
    from tests.workers.judged import board_of

    call_command("migrate", verbosity=0)
    board_of(6)
    budgets.set_cap("day", tokens=CAP)
    return None


def status() -> object:
    """Tokens of the day that are spent and held back, and the jobs of commands."""
    from leaderboard.models import Budget, Job

    day = Budget.objects.get(key__startswith="day:")
    return [day.spent_tokens, day.held_tokens, Job.objects.count()]


if __name__ == "__main__":
    django.setup()
    print(json.dumps({"prepare": prepare, "status": status}[sys.argv[1]]()))
