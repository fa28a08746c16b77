"""`manage.py audit-judge`: audits judges by a file of people's votes, or has a judge's canaries judged again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import CommandParser
from rich.table import Table as Grid

from leaderboard.benchmarks.verdict_files import JudgeRows, VerdictFile, VerdictOptions, read_verdicts
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.management.base import Command as Base
from leaderboard.management.base import console
from leaderboard.ratings.agreement import report
from leaderboard.ratings.agreement.audit import Case, audit
from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.families import FAMILIES, Rules, family_of, rules_of
from leaderboard.ratings.agreement.habits import spent, states
from leaderboard.ratings.agreement.matrix import Met, matrix
from leaderboard.ratings.variation.resampling import Bootstrap
from leaderboard.services import canaries
from leaderboard.services.details import plain

EXAMPLES = """\
FILE holds people's votes: CSV, JSONL or Parquet, plain or .gz, with the columns model_a, model_b and winner
(model_a, model_b, tie, both_bad) or credit (0 to 1, of model_a), a name of the comparison (pair_id, or
question_id, prompt or instruction), and if known the voter (voter or judge) and measures of both answers
(chars_a, chars_b, tokens_a, header_a, list_a, bold_a and so on).
Judges' verdicts are columns of FILE, or rows of a second file with the same columns and judge; model_a was in
the first slot. A judge has several rows on a comparison where it was asked in both orders or again.

examples:
  audit-judge votes.csv.gz --judges verdicts.csv.gz
  audit-judge votes.parquet --judge-column gpt4 --judge-column claude --cluster question_id --json
  audit-judge --canary --board pebbles --judge reference
"""


class Command(Base):
    """Audits judges."""

    help = "Audit judges: agreement with people, habits, worth in human votes. Nothing is stored of a file."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """A parser whose examples keep their lines."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("file", type=Path, nargs="?", help="people's votes")
        parser.add_argument("--judges", type=Path, metavar="FILE", help="rows of verdicts, with a column judge")
        parser.add_argument(
            "--judge-column",
            action="append",
            default=[],
            metavar="COLUMN",
            help="a column of FILE with a judge's verdict",
        )
        parser.add_argument("--judge", action="append", default=[], metavar="NAME", help="this judge only")
        parser.add_argument(
            "--cluster",
            default="auto",
            metavar="COLUMN",
            help="comparisons with one value are not independent; auto: the pair or the prompt where named; none",
        )
        parser.add_argument(
            "--where", action="append", default=[], metavar="COLUMN=VALUE", help="keep these votes only"
        )
        parser.add_argument("--families", type=Path, metavar="FILE", help="JSON: patterns of model names by family")
        parser.add_argument("--replicates", type=int, default=1000, help="of the bootstrap (default: %(default)s)")
        parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default: %(default)s)")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument("--canary", action="store_true", help="have a board's canaries judged again, to see drift")
        parser.add_argument("--board", default="", metavar="SLUG", help="the board of the canaries")
        parser.add_argument("--size", type=int, default=canaries.SIZE, help="comparisons in a canary set")

    def handle(self, *_: Any, **options: Any) -> None:
        """Enqueue canaries, or read, audit and print."""
        if options["canary"]:
            self._canary(options)
            return
        if options["file"] is None:
            raise InvalidInput(
                FieldError(("file",), "Name a file of votes, or give --canary with --board and --judge.")
            )
        found = read_verdicts(options["file"], options["judges"], _reading(options))
        plan = _plan(options)
        rules = read_rules(options["families"]) if options["families"] else FAMILIES
        audits = {name: _audited(name, rows, found, rules, plan) for name, rows in found.judges.items()}
        met = matrix(_credits(found), Draws.of(found.items.cluster, plan))
        if options["json"]:
            self.stdout.write(json.dumps(_document(found, audits, met, plan), indent=1, allow_nan=False))
        else:
            _show(found, audits, met)

    def _canary(self, options: Mapping[str, Any]) -> None:
        if len(options["judge"]) != 1 or not options["board"]:
            raise InvalidInput(FieldError(("canary",), "Canaries need one --judge and a --board."))
        made = canaries.enqueue(board=options["board"], judge=options["judge"][0], size=options["size"])
        self.stdout.write(f"{made.verdicts} verdicts of {made.judge} are asked for again, as round {made.round}.")


def _reading(options: Mapping[str, Any]) -> VerdictOptions:
    where = []
    for word in options["where"]:
        column, equals, value = word.partition("=")
        if not equals:
            raise InvalidInput(FieldError(("where",), f"Write column=value instead of '{word}'."))
        where.append((column, value))
    return VerdictOptions(tuple(where), options["cluster"], tuple(options["judge_column"]), tuple(options["judge"]))


def _plan(options: Mapping[str, Any]) -> Bootstrap:
    if options["replicates"] < 20:
        raise InvalidInput(FieldError(("replicates",), "At least 20."))
    if options["seed"] < 0:
        raise InvalidInput(FieldError(("seed",), "Not below 0."))
    return Bootstrap(options["replicates"], options["seed"])


def read_rules(path: Path) -> Rules:
    """Families of models from a JSON object of patterns by family. Raises InvalidInput."""
    try:
        return rules_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as problem:
        raise InvalidInput(FieldError(("families",), f"{path.name} cannot be read: {problem}")) from None


def _audited(name: str, rows: JudgeRows, found: VerdictFile, rules: Rules, plan: Bootstrap) -> dict[str, Any]:
    families = tuple(family_of(model, rules) for model in found.items.names)
    case = Case(found.items, rows.calls, found.votes, families=families, family=family_of(name, rules))
    told = report.as_details(audit(case, plan))
    words = np.where(rows.calls.scored, "scored", "unscored").tolist()
    shares = [state.__dict__ | {"share": vars(state.share)} for state in states(words, plan.confidence)]
    more = {
        "unknown": rows.unknown,
        "states": shares,
        "cost": vars(spent(rows.cost)),
        "seconds": vars(spent(rows.seconds)),
    }
    return {**told, **more}


def _credits(found: VerdictFile) -> dict[str, Any]:
    size = len(found.items)
    return {"people": found.votes.means(size), **{name: rows.calls.means(size) for name, rows in found.judges.items()}}


def _document(found: VerdictFile, audits: Mapping[str, Any], met: tuple[Met, ...], plan: Bootstrap) -> Any:
    source = {
        "rows": found.rows,
        "votes": len(found.votes),
        "unscored": found.unscored,
        "comparisons": len(found.items),
        "entrants": len(found.items.names),
        "cluster": found.cluster or None,
    }
    pairs = [{**vars(one), **{name: vars(getattr(one, name)) for name in ("accuracy", "same", "kappa")}} for one in met]
    return plain({"input": source, "plan": vars(plan), "judges": audits, "matrix": pairs})


def _show(found: VerdictFile, audits: Mapping[str, Any], met: tuple[Met, ...]) -> None:
    for name, details in audits.items():
        console.print(_grid(name, details))
        for line in _remarks(details):
            console.print(line, markup=False, highlight=False)
    grid = Grid("first", "second", "comparisons", "agreement", "same outcome", "κ", title="Who agrees with whom")
    for one in met:
        kinds = (("accuracy", "share"), ("same", "share"), ("kappa", "number"))
        grid.add_row(
            one.first, one.second, f"{one.items:,}", *(report.text(vars(getattr(one, n)), k) for n, k in kinds)
        )
    console.print(grid)
    votes = f"{len(found.votes):,} votes on {len(found.items):,} comparisons of {len(found.items.names):,} entrants"
    console.print(
        f"{votes}; clusters by {found.cluster or 'comparison'}; 95 % intervals.", markup=False, highlight=False
    )


def _grid(name: str, details: Mapping[str, Any]) -> Grid:
    grid = Grid("figure", "value (95 % interval)", "n", "note", title=f"{name}: {details['calls']:,} verdicts")
    section = ""
    for line in report.lines(details):
        if line.section != section:
            section = line.section
            grid.add_section()
            grid.add_row(f"[bold]{section}[/bold]")
        grid.add_row(f"  {line.name}", report.text(line.figure, line.kind), f"{line.n:,}" if line.n else "", line.hint)
    return grid


def _remarks(details: Mapping[str, Any]) -> Iterator[str]:
    unscored = details["calls"] - details["scored"]
    yield f"{unscored:,} of {details['calls']:,} verdicts are unscored; they count nowhere else."
    if details["unknown"]:
        yield f"{details['unknown']:,} verdicts on comparisons that nobody voted on are left out."
    people = details.get("people")
    if people:
        for score in people["calibration"]["scores"]:
            figures = report.text(score["brier"], "loss"), report.text(score["log_loss"], "loss")
            yield f"Predicting votes by {score['name']}: Brier {figures[0]}, log loss {figures[1]}."
    yield from details["notes"]
