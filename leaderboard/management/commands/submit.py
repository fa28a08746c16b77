"""`manage.py submit`."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandParser

from leaderboard.management import estimates
from leaderboard.management.base import Command as Base
from leaderboard.management.base import console, fail, pairs
from leaderboard.models import Submission
from leaderboard.services import seeds, submissions


class Command(Base):
    """Submits an entry."""

    help = "Ask for an entry to be evaluated: model, decoding and samples for a board."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("--board", required=True, help="short name of the board")
        parser.add_argument("--generator", default="transformers", help="generator plugin (default transformers)")
        parser.add_argument("--model", nargs="+", default=[], metavar="NAME=VALUE", help="such as model=pebble-m")
        parser.add_argument("--strategy", default="greedy", help="decoding plugin (default greedy)")
        parser.add_argument("--decoding", nargs="*", default=[], metavar="NAME=VALUE", help="such as temperature=0.7")
        parser.add_argument("--system", default="", help="system text")
        parser.add_argument("--samples", type=int, default=1, help="outputs for each prompt and seed (default 1)")
        one = parser.add_mutually_exclusive_group()
        one.add_argument("--seed", type=int, default=0, help="seed of the run (default 0)")
        one.add_argument("--seeds", metavar="SEED,…", help="several seeds, such as 1,2")
        parser.add_argument("--max-usd", type=float, help="most dollars that it may cost")
        parser.add_argument("--max-tokens", type=int, help="most tokens that it may take")
        parser.add_argument("--estimate", action="store_true", help="only say how much work it is, and what it costs")
        parser.add_argument("--wait", action="store_true", help="wait until it has ended")

    def handle(self, *_: Any, **options: Any) -> None:
        """Submit, or estimate."""
        request = submissions.Request(
            board=options["board"],
            generator=options["generator"],
            model=pairs(options["model"], "model"),
            strategy=options["strategy"],
            decoding=pairs(options["decoding"], "decoding"),
            system=options["system"],
            samples=options["samples"],
            seed=options["seed"],
            seeds=seeds.read(options["seeds"]) if options["seeds"] is not None else (),
            max_usd=options["max_usd"],
            max_tokens=options["max_tokens"],
        )
        if options["estimate"]:
            for line in estimates.lines(submissions.check(request)[1]):
                self.stdout.write(line)
            return
        made, _new = submissions.submit(request, user=None)
        self.stdout.write(f"{made.pk} {made.entry.slug}")
        if options["wait"]:
            _wait(made)


def _wait(made: Submission) -> None:
    with console.status("Working …") as shown:
        while not made.ended:
            time.sleep(1)
            made.refresh_from_db()
            shown.update(made.get_state_display())
    if made.state != Submission.State.DONE:
        fail(f"The submission ended as {made.state}. {made.error}")
