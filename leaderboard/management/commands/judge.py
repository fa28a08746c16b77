"""`manage.py judge`: try a judge on stored pairs of a board, and give it to the board."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from leaderboard.contracts import registry
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.management.base import Command as Base
from leaderboard.management.base import pairs
from leaderboard.models import Board
from leaderboard.services import trials

MOST = 50


class Command(Base):
    """Tries a judge, or adds it to a board."""

    help = "Try a judge on a few stored pairs of a board, or let the board count it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("--board", required=True, help="short name of the board")
        parser.add_argument("--judge", required=True, help="judge plugin, such as arena-hard")
        parser.add_argument("--params", nargs="*", default=[], metavar="NAME=VALUE", help="such as generator=openai")
        parser.add_argument("--params-file", help="a JSON file of settings, such as a prompt; --params goes before it")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--dry-run", action="store_true", help="show prompt, reply and verdict; nothing is stored")
        what.add_argument("--add", action="store_true", help="let the board count it and ask for its verdicts")
        parser.add_argument(
            "--pairs", type=int, default=trials.PAIRS, help="how many pairs a dry run shows (default 5)"
        )
        parser.add_argument("--name", default="", help="what the judge is called, with --add")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Try, or add."""
        params = {**_from_file(options["params_file"]), **pairs(options["params"], "params")}
        given = {"board": options["board"], "plugin": options["judge"], "params": params}
        board, sound = trials.check(**given, tried=options["dry_run"])
        if options["add"]:
            judge, count = trials.add_to_board(board=board, plugin=options["judge"], params=sound, name=options["name"])
            self.stdout.write(f"{judge.name}: {count} verdicts are asked for")
            return
        rows = _tried(board, options["judge"], sound, options["pairs"])
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=1))
            return
        for row in rows:
            self._show(row)

    def _show(self, row: dict[str, Any]) -> None:
        first, second = ("b", "a") if row["swapped"] else ("a", "b")
        self.stdout.write(f"== {row['prompt']}: {row[first]} in slot 1, {row[second]} in slot 2")
        for message in row["messages"]:
            self.stdout.write(f"-- sent as {message['role']}\n{message['content']}")
        credit = "" if row["credit_a"] is None else f", credit of {row['a']} is {row['credit_a']:.3f}"
        self.stdout.write(f"-- raw reply\n{row['raw']}\n-- verdict\n{row['state']}{credit}\n")


def _tried(board: Board, plugin: str, params: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Here and now, since a command is a process of its own. Raises InvalidInput where the model cannot be asked.

    A cap allows all of the pairs or none.
    """
    from workers.at_shell import Paying, at_once
    from workers.generators.errors import GenerationFailed
    from workers.trying import tried

    if not 1 <= count <= MOST:
        raise InvalidInput(FieldError(("pairs",), f"Between 1 and {MOST}."))
    built = registry.judges.build(plugin, params)
    try:
        with at_once("judge") as lease:
            judge = Paying(built, lease, plugin=plugin, params=params, whole=True)
            return tried(judge, trials.pairs_of(board, count))
    except GenerationFailed as problem:
        raise InvalidInput(FieldError(("judge",), f"The judge could not be asked. {problem}")) from None


def _from_file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InvalidInput(FieldError(("params-file",), f"{path} cannot be read: {problem}.")) from None
    if not isinstance(found, dict):
        raise InvalidInput(FieldError(("params-file",), f"{path} must hold a JSON object of settings."))
    return found
