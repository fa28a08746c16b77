"""`manage.py make-board SLUG`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from leaderboard.contracts import registry
from leaderboard.contracts.params import FieldError, InvalidInput, parse_params
from leaderboard.contracts.values import BenchmarkData
from leaderboard.management.base import Command as Base
from leaderboard.management.base import pairs
from leaderboard.services import new_boards


class Command(Base):
    """Makes a board."""

    help = "Make a board of prompts of your own, or of a benchmark plugin, that entries can be submitted to."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("slug", help="its short name: small letters, digits and hyphens")
        prompts = parser.add_mutually_exclusive_group(required=True)
        prompts.add_argument("--prompts", metavar="FILE", help="a JSONL file of prompts (docs/prompts.md)")
        prompts.add_argument("--benchmark", metavar="PLUGIN", help="a benchmark plugin, such as pebble-tasks")
        parser.add_argument("--params", nargs="*", default=[], metavar="NAME=VALUE", help="settings of that plugin")
        parser.add_argument(
            "--name", help="with --prompts: what the set of prompts is called (default: the short name)"
        )
        parser.add_argument("--prompts-version", default="1", help="with --prompts: raise it when the file changes (1)")
        parser.add_argument("--title", help="default: the short name")
        parser.add_argument("--description", default="", help="a sentence for the board's page")
        parser.add_argument("--metric", default="", help="metric plugin for the score, such as exact-match")
        parser.add_argument("--rater", default="", help="default: bradley-terry, or win-rate with a baseline")
        parser.add_argument("--baseline", default="", metavar="ENTRY", help="compare every entry with this one alone")
        parser.add_argument("--closed", action="store_true", help="take no submissions yet")

    def handle(self, *_: Any, **options: Any) -> None:
        """Make it, and say what comes next."""
        names = ("slug", "description", "metric", "rater", "baseline")
        told = {name: options[name] for name in names}
        told |= {"title": options["title"] or options["slug"], "open_to_submissions": not options["closed"]}
        made = new_boards.make(parse_params(new_boards.BoardSettings, told), _data(options))
        count = made.benchmark.prompts.count()
        self.stdout.write(f"The board is at /boards/{made.slug}/, with {count} prompts. What comes next:")
        self.stdout.write(f"  manage.py judge --board {made.slug} --judge PLUGIN --params … --add")
        self.stdout.write(f"  manage.py submit --board {made.slug} --model … --strategy …")
        self.stdout.write(f"  manage.py arena make {made.slug} …   (once it has two entries)")


def _data(options: dict[str, Any]) -> BenchmarkData:
    """The prompts. Raises InvalidInput."""
    plugin, field, given = options["benchmark"], "params", pairs(options["params"], "params")
    if options["prompts"]:
        if given:
            raise InvalidInput(FieldError(("params",), "These go with --benchmark. A file of prompts has none."))
        plugin, field = "jsonl", "prompts"
        name = options["name"] or options["slug"]
        given = {"path": options["prompts"], "name": name, "version": options["prompts_version"]}
    registry.benchmarks.choose(plugin, "benchmark")
    return registry.benchmarks.build(plugin, given, field).load()
