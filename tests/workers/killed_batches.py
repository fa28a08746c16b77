"""Steps of a run that dies by its own hand, after the step named: `python -m tests.workers.killed_batches STEP`."""

from __future__ import annotations

import json
import os
import signal
import sys
from functools import wraps
from typing import Any

import django

PROMPTS = 6


def prepare() -> None:
    """An empty database with a board, and the job of judging it."""
    from django.core.management import call_command

    from tests.workers.judged import ask, board_of, judge_at

    call_command("migrate", verbosity=0)
    ask(board_of(PROMPTS), judge_at(os.environ["TOUCHSTONE_ENDPOINTS"], batch=True))


def die_after(owner: Any, name: str) -> None:
    """SIGKILL as soon as this function has done its work."""
    real = getattr(owner, name)

    @wraps(real)
    def dying(*args: Any, **kwargs: Any) -> Any:
        real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, dying)


def main(step: str) -> None:
    """Prepare, tell the status, or work and die."""
    from leaderboard.services import batches, facts
    from tests.workers import killed
    from workers.generators.batch_api import BatchApi

    if step == "prepare":
        prepare()
    elif step == "status":
        print(json.dumps(killed.status()))
    else:
        owners = {"batches": batches, "facts": facts, "api": BatchApi}
        if step != "work":
            owner, name = step.split(".")
            die_after(owners[owner], name)
        killed.work()


if __name__ == "__main__":
    django.setup()
    main(sys.argv[1])
