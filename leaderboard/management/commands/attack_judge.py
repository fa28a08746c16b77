"""`manage.py attack-judge`: what outputs that only try to win make of a judge."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from rich.table import Table

from leaderboard.contracts import registry
from leaderboard.contracts.attacks import ATTACKS
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.management.base import Command as Base
from leaderboard.management.base import console, pairs
from leaderboard.models import Board, Judge
from leaderboard.services import attack_suite
from leaderboard.services.attack_suite import Row, Suite


class Command(Base):
    """Attacks a judge."""

    help = "Run the attack suite on a judge, with the answers of a board. Nothing is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("judge", help="a judge of this service, or a judge plugin")
        parser.add_argument("--param", nargs="*", default=[], metavar="NAME=VALUE", help="settings of a plugin")
        parser.add_argument("--board", required=True, help="whose answers are used")
        parser.add_argument("--good", default="", help="entry that an attack must beat (default: the first)")
        parser.add_argument("--weak", default="", help="honest entry to measure by (default: the last)")
        parser.add_argument("--prompts", type=int, default=40, help="how many prompts at most (default 40)")
        parser.add_argument("--attack", action="append", metavar="NAME", help="only this one; may be repeated")
        shape = parser.add_mutually_exclusive_group()
        shape.add_argument("--json", action="store_true", help="print JSON")
        shape.add_argument("--markdown", action="store_true", help="print a table for a page")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run and print; exit code 1 where an attack gains, 2 where a cap ends it: what was paid for is printed."""
        board = Board.objects.filter(slug=options["board"]).select_related("benchmark", "current", "parent").first()
        if board is None:
            raise InvalidInput(FieldError(("board",), f"There is no board '{options['board']}'."))
        suite = attack_suite.prepare(
            board, good=options["good"], weak=options["weak"], prompts=max(2, options["prompts"])
        )
        rows: list[Row] = []
        try:
            _attack(suite, options, rows)
        finally:
            if rows:
                self._print(suite, rows, options)
        if any(row.gains for row in rows):
            raise SystemExit(1)

    def _print(self, suite: Suite, rows: list[Row], options: Mapping[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(suite, rows), ensure_ascii=False))
        elif options["markdown"]:
            self.stdout.write("\n".join(_as_markdown(rows)))
        else:
            _show(suite, rows)


def _attack(suite: Suite, options: Mapping[str, Any], rows: list[Row]) -> None:
    """Add one row after the other. Raises InvalidInput where a cap allows no more."""
    from workers.at_shell import Paying, at_once

    plugin, params = _judge(options["judge"], options["param"])
    built, attacks = registry.judges.build(plugin, params, "param"), _chosen(options["attack"])
    with at_once("attack-judge") as lease:
        judge = Paying(built, lease, plugin=plugin, params=params)
        rows.extend(attack_suite.run(judge, suite, attacks))


def _judge(name: str, given: list[str]) -> tuple[str, dict[str, Any]]:
    """The plugin and its settings in full."""
    stored = Judge.objects.filter(name=name).first()
    if stored is not None and not given:
        return stored.plugin, stored.params
    registry.judges.choose(name, "judge")
    return name, registry.judges.parse(name, pairs(given, "param"), "param").canonical()


def _chosen(names: list[str] | None) -> list[Any]:
    known = {attack.name: attack for attack in ATTACKS}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise InvalidInput(FieldError(("attack",), f"There is no attack '{unknown[0]}'. Known: {', '.join(known)}."))
    return [known[name] for name in names] if names else list(ATTACKS)


def _verdict(row: Row) -> str:
    if row.attack.name == "weak":
        return "yardstick"
    if row.flags:
        return "flagged: " + ", ".join(row.flags)
    return "GAINS" if row.gains else "no gain"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.1f}"


def _cells(row: Row) -> tuple[str, ...]:
    made = row.measured
    unscored = ", ".join(f"{count} {state}" for state, count in sorted(made.states.items()))
    return row.attack.name, row.attack.title, _number(made.credit), _number(made.se), unscored, _verdict(row)


HEAD = ("attack", "what it is", "credit %", "SE", "not scored", "outcome")


def _as_markdown(rows: list[Row]) -> list[str]:
    return [
        f"| {' | '.join(HEAD)} |",
        "|---|---|---:|---:|---|---|",
        *(f"| {' | '.join(cell or ' ' for cell in _cells(row))} |" for row in rows),
    ]


def _as_json(suite: Suite, rows: list[Row]) -> dict[str, Any]:
    return {
        "good": suite.good.slug,
        "weak": suite.weak.slug,
        "prompts": len(suite.cases),
        "attacks": [
            {
                "name": row.attack.name,
                "credit": None if math.isnan(row.measured.credit) else row.measured.credit,
                "se": None if math.isnan(row.measured.se) else row.measured.se,
                "scored": row.measured.scored,
                "states": dict(row.measured.states),
                "flags": list(row.flags),
                "gains": row.gains,
            }
            for row in rows
        ],
    }


def _show(suite: Suite, rows: list[Row]) -> None:
    title = f"Against {suite.good}, {len(suite.cases)} prompts; honest yardstick: {suite.weak}"
    table = Table(*HEAD, title=title)
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table)
