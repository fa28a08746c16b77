"""`manage.py import FORMAT PATH...`: published results, judgments, battles and answers into a board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from rich.progress import Progress

from leaderboard.benchmarks.alpaca_eval import ANNOTATOR, BASELINE, discover
from leaderboard.benchmarks.exchange.formats import READERS
from leaderboard.benchmarks.exchange.items import PEOPLE
from leaderboard.benchmarks.exchange.options import ReadOptions
from leaderboard.benchmarks.length_files import read_difficulty, read_regulariser
from leaderboard.management.base import Command as Base
from leaderboard.management.base import errors, fail
from leaderboard.services import imports
from leaderboard.services.verdict_imports import Stored, VerdictImport

ALPACA = "alpaca-eval"


class Command(Base):
    """Imports published results."""

    help = "Import judgments, battles or answers into a board. Importing the same files again adds nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("format", choices=[ALPACA, *READERS], help="whose layout the files have")
        parser.add_argument(
            "path", type=Path, nargs="+", help="files, or the folder of alpaca-eval, arena-hard and fastchat"
        )
        parser.add_argument("--board", help="short name of the board (default: the format's name)")
        parser.add_argument("--baseline", help=f"the model compared with (alpaca-eval: default {BASELINE})")
        parser.add_argument("--judge", default=PEOPLE, help=f"who judged where files do not say (default {PEOPLE})")
        parser.add_argument("--voters", action="store_true", help="battles: the judges are people, stored as one judge")
        parser.add_argument("--annotator", default=ANNOTATOR, help=f"the judge's folder (default {ANNOTATOR})")
        parser.add_argument(
            "--difficulty", type=Path, help="a table with instruction and difficulty, for length control"
        )
        parser.add_argument("--regularise", type=Path, help="a table of regularising rows for length control")

    def handle(self, *_: Any, **options: Any) -> None:
        """Import in the format that was named."""
        if options["format"] == ALPACA:
            self._alpaca(options)
        else:
            self._rows(options)

    def _rows(self, options: dict[str, Any]) -> None:
        """Check all files, then store them; verdicts that differ from stored ones are left out and told."""
        name, given = options["format"], options["baseline"]
        reading = ReadOptions(
            judge=options["judge"], voters=options["voters"], **({"baseline": given} if given else {})
        )
        job = VerdictImport(
            source=name,
            read=lambda: READERS[name](options["path"], reading),
            slug=options["board"] or name,
            baseline=given or "",
        )
        with Progress(console=errors, disable=not errors.is_terminal) as progress:
            task = progress.add_task("Checking", total=None)
            job.check()
            progress.update(task, description="Storing", total=job.gathered.verdicts + job.gathered.grades)
            board = job.store(lambda rows: progress.advance(task, rows))
        self.stdout.write(f"{_told(job.done)} See /boards/{board.slug}/")
        if job.done.differing:
            fail(
                f"{job.done.differing} row(s) differ from what is stored and were left out. " + " ".join(job.done.told)
            )

    def _alpaca(self, options: dict[str, Any]) -> None:
        """Import model by model; a malformed file stops only its own model."""
        if len(options["path"]) > 1:
            fail("alpaca-eval takes one folder.")
        path = options["path"][0]
        found = discover(path, annotator=options["annotator"])
        if not found:
            fail(f"{path} holds no folder with model_outputs.json or annotations.json.")
        difficulty = read_difficulty(options["difficulty"]) if options["difficulty"] else None
        if difficulty:
            difficulty.by("instruction")
        job = imports.AlpacaImport(
            slug=options["board"] or ALPACA,
            annotator=options["annotator"],
            baseline=options["baseline"] or BASELINE,
            difficulty=difficulty,
            regulariser=read_regulariser(options["regularise"], difficulty) if options["regularise"] else None,
        )
        with Progress(console=errors, disable=not errors.is_terminal) as progress:
            read = progress.add_task("Reading", total=len(found))
            job.read_all(found, lambda: progress.advance(read))
            stored = progress.add_task("Storing", total=len(job.good))
            board = job.store_all(lambda: progress.advance(stored))
        if board is not None:
            self.stdout.write(f"{len(job.good)} models are on board {board.slug}: see /boards/{board.slug}/")
        if job.faults:
            fail(f"{len(job.faults)} model(s) left out. " + " | ".join(job.faults))


def _told(done: Stored) -> str:
    """What was done, in one line."""
    parts = [f"{done.verdicts} verdicts", f"{done.answers} answers"]
    parts += [f"{done.grades} grades"] if done.grades else []
    text = f"Stored {', '.join(parts)}; {done.known} were there already."
    return f"{text} {done.itself} had one answer on both sides and were left out." if done.itself else text
