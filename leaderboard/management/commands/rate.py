"""`manage.py rate FILE`: rates a file of battles, without a database."""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.table import Table as Grid

from leaderboard.benchmarks.battle_files import BattleFile, BattleOptions, read_battles
from leaderboard.benchmarks.length_files import read_difficulty, read_regulariser, with_difficulty
from leaderboard.benchmarks.tables import fault
from leaderboard.contracts import registry
from leaderboard.contracts.params import FieldError, InvalidInput, parse_params
from leaderboard.management.base import Command as Base
from leaderboard.management.base import console, errors, pairs
from leaderboard.ratings.battles import Rating, RatingTable
from leaderboard.ratings.length_fit import Regulariser

COLUMNS = ("entry", "value", "se", "low", "high", "rank_low", "rank_high", "n", "missing", "note")
SHOWN = ("entry", "value", "se", "low", "high", "n", "missing")
STYLE = ("tokens", "header", "list", "bold")
EXAMPLES = """\
A battle file is CSV, JSONL or Parquet, plain or .gz, with the columns model_a, model_b and winner
(model_a, model_b, tie, both_bad; empty is unscored), or credit (0 to 1, of model_a). For --style tokens it
has tokens_a and tokens_b. An AlpacaEval annotations.json is read too, and so is a table with the columns
model, preference (1 to 2), len_output and len_baseline.

examples:
  rate votes.csv.gz --where anony=True --style all --cluster judge
  rate votes.parquet --method elo --json
  rate annotations.json --method length-controlled --difficulty instructions.parquet
"""


class Command(Base):
    """Rates a file."""

    help = "Rate a file of battles. Nothing is stored."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """A parser whose examples keep their lines."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EXAMPLES
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("file", type=Path, help="the battles")
        parser.add_argument("--method", default="bradley-terry", help="a rating plugin (default: %(default)s)")
        parser.add_argument(
            "--param", action="append", default=[], metavar="NAME=VALUE", help="a setting of the method"
        )
        parser.add_argument(
            "--style", default="", metavar="A,B", help="measures to hold equal; all: " + ",".join(STYLE)
        )
        parser.add_argument(
            "--cluster",
            default="auto",
            metavar="COLUMN",
            help="rows with one value are not independent; auto: the pair or the prompt where named; none",
        )
        parser.add_argument("--where", action="append", default=[], metavar="COLUMN=VALUE", help="keep these rows only")
        parser.add_argument("--baseline", default="", metavar="NAME", help="the entrant to compare with")
        parser.add_argument("--difficulty", type=Path, help="a table with the prompt's column and difficulty")
        parser.add_argument("--regularise", type=Path, help="a table of regularising rows for length control")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print JSON, with settings, notes and the file's digest")
        form.add_argument("--csv", action="store_true", help="print CSV")

    def handle(self, *_: Any, **options: Any) -> None:
        """Read, rate, print."""
        measures = _measures(options["method"], options["style"])
        with _progress(options["file"]) as report:
            file = read_battles(options["file"], _reading(options, measures), report)
        difficulty = read_difficulty(options["difficulty"]) if options["difficulty"] else None
        if difficulty:
            file = with_difficulty(file, difficulty)
        bound = read_regulariser(options["regularise"], difficulty) if options["regularise"] else None
        table = _rate(file, options, measures, bound)
        if options["json"]:
            self.stdout.write(json.dumps(_document(table, file, options["file"]), indent=1, allow_nan=False))
        elif options["csv"]:
            self.stdout.write(_csv(_rows(table, file)), ending="")
        else:
            _show(table, file)


@contextmanager
def _progress(path: Path) -> Iterator[Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task(f"Reading {path.name}", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _measures(method: str, style: str) -> tuple[str, ...]:
    if method == "length-controlled":
        return ("chars",)
    return STYLE if style == "all" else tuple(word.strip() for word in style.split(",") if word.strip())


def _reading(options: dict[str, Any], measures: tuple[str, ...]) -> BattleOptions:
    where = []
    for word in options["where"]:
        column, equals, value = word.partition("=")
        if not equals:
            raise InvalidInput(FieldError(("where",), f"Write column=value instead of '{word}'."))
        where.append((column, value))
    baseline = options["baseline"] or "baseline"
    return BattleOptions(where=tuple(where), cluster=options["cluster"], measures=measures, baseline=baseline)


def _rate(
    file: BattleFile, options: dict[str, Any], measures: tuple[str, ...], bound: Regulariser | None
) -> RatingTable:
    kind = registry.ratings.get(options["method"])
    given = pairs(options["param"], "param")
    known = kind.Params.model_fields
    if "baseline" in known:
        given.setdefault("baseline", options["baseline"] or file.baseline)
    elif options["baseline"]:
        raise InvalidInput(FieldError(("baseline",), f"The method '{kind.name}' takes no baseline."))
    if options["style"]:
        given["style"] = measures
    rater = kind(parse_params(kind.Params, given, "param"))
    if bound is not None:
        if not hasattr(rater, "regulariser"):
            raise InvalidInput(FieldError(("regularise",), f"The method '{kind.name}' takes no regularising rows."))
        rater.regulariser = bound
    try:
        table: RatingTable = rater.rate(file.battles)
    except ValueError as problem:
        raise fault(str(problem)) from None
    return table


def _rows(table: RatingTable, file: BattleFile) -> list[dict[str, Any]]:
    """Best first; who has no value comes last, by name."""
    order = sorted(table.ratings, key=lambda r: (r.value is None, -(r.value or 0.0), r.name))
    return [_row(rating, file) for rating in order]


def _row(rating: Rating, file: BattleFile) -> dict[str, Any]:
    found = {**vars(rating), "entry": rating.name, "missing": file.unscored.get(rating.name, 0)}
    return {name: found[name] for name in COLUMNS}


def _document(table: RatingTable, file: BattleFile, path: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    with path.open("rb") as raw:
        while part := raw.read(1 << 20):
            digest.update(part)
    return {
        "method": table.method,
        "version": table.version,
        "params": dict(table.params),
        "input": {
            "file": path.name,
            "sha256": digest.hexdigest(),
            "rows": file.rows,
            "left_out": file.left_out,
            "against_itself": file.itself,
            "battles": len(file.battles.credit),
            "both_bad": file.both_bad,
            "cluster": file.cluster or None,
        },
        "ratings": _rows(table, file),
        "notes": list(table.notes),
        "extra": dict(table.extra),
    }


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _show(table: RatingTable, file: BattleFile) -> None:
    grid = Grid("rank", title=f"{table.method} {table.version}")
    for name in SHOWN:
        grid.add_column(name, no_wrap=True, overflow="fold")
    for row in _rows(table, file):
        ranks = "–".join(str(rank) for rank in sorted({row["rank_low"], row["rank_high"]} - {None}))
        grid.add_row(ranks or "–", *(_cell(row[name]) for name in SHOWN))
    console.print(grid)
    for line in _remarks(table, file):
        console.print(line, markup=False, highlight=False)


def _remarks(table: RatingTable, file: BattleFile) -> Iterator[str]:
    for effect in table.extra.get("style", ()):
        interval = f"{effect['low']:+.3f} to {effect['high']:+.3f}"
        yield f"{effect['name']}: {effect['beta']:+.3f} logits ({interval}) for a difference of {effect['scale']:.2f}"
    yield f"{len(file.battles.credit):,} battles of {file.rows:,} rows; clusters by {file.cluster or 'row'}."
    if file.itself:
        yield f"{file.itself:,} rows in which an entrant met itself are left out."
    yield from table.notes
    yield from (f"{rating.name}: {rating.note}" for rating in table.ratings if rating.note)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
