"""`manage.py export FORMAT --board SLUG --out PATH`: a board's judgments, battles, answers or preference pairs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from leaderboard.benchmarks.exchange.formats import FORMATS, PREFERENCES
from leaderboard.benchmarks.exchange.preferences import Preferences
from leaderboard.management.base import Command as Base
from leaderboard.management.base import errors, fail
from leaderboard.queries.boards import all_boards
from leaderboard.queries.exports import BoardSource


class Command(Base):
    """Exports a board's facts."""

    help = "Export a board's judgments, battles, answers or preference pairs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("format", choices=list(FORMATS), help="whose layout the files get")
        parser.add_argument("--board", required=True, help="short name of the board")
        parser.add_argument(
            "--out",
            type=Path,
            required=True,
            help="the file, - for standard output; a new folder where there are several",
        )
        parser.add_argument(
            "--min-margin", type=float, default=0.0, help="preferences: the least margin of a pair, 0 to 1 (default 0)"
        )
        parser.add_argument("--people", action="store_true", help="people's votes alone, voters under pseudonyms")

    def handle(self, *_: Any, **options: Any) -> None:
        """Write the file or the folder; nothing that is there is written over."""
        board = all_boards().filter(slug=options["board"]).first()
        if board is None:
            fail(f"There is no board '{options['board']}'.")
        if not 0.0 <= options["min_margin"] <= 1.0:
            fail("--min-margin must lie between 0 and 1.")
        source = BoardSource(board, private=options["people"], people=options["people"])
        form, out = FORMATS[options["format"]], options["out"]
        if form.files is not None:
            count = _write_folder(out, form.files(source))
            errors.print(f"{count} files are in {out}.")
            return
        assert form.rows is not None and form.encode is not None
        rows = form.rows(source)
        if form.name in PREFERENCES:
            rows = Preferences(source, min_margin=options["min_margin"])
        _write_file(out, form.encode(rows))
        if isinstance(rows, Preferences):
            errors.print(told(rows))


def told(pairs: Preferences) -> str:
    """How many pairs were written, and how many were not and why."""
    out = ", ".join(f"{count} {reason}" for reason, count in sorted(pairs.left_out.items()))
    return f"{pairs.written} pairs; left out: {out or 'none'}."


def _write_file(out: Path, parts: Iterator[bytes]) -> None:
    if str(out) == "-":
        for part in parts:
            sys.stdout.buffer.write(part)
        return
    if out.exists():
        fail(f"{out} is there already. Name another file.")
    with _opened(out) as file:
        for part in parts:
            file.write(part)


def _opened(out: Path) -> Any:
    try:
        return out.open("xb")
    except OSError as problem:
        fail(f"{out} cannot be written: {problem.strerror}.")


def _write_folder(out: Path, files: Iterator[tuple[str, Iterator[bytes]]]) -> int:
    """The files below `out`; none of their names leads out of it."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        fail(f"{out} is there already and not empty. Name another folder.")
    count = 0
    for name, parts in files:
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for part in parts:
                file.write(part)
        count += 1
    return count
