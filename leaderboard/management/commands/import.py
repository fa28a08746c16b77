"""`manage.py import alpaca-eval PATH`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from rich.progress import Progress

from leaderboard.benchmarks.alpaca_eval import ANNOTATOR, BASELINE, discover
from leaderboard.benchmarks.length_files import read_difficulty, read_regulariser
from leaderboard.management.base import Command as Base
from leaderboard.management.base import errors, fail
from leaderboard.services import imports


class Command(Base):
    """Imports published results."""

    help = "Import published results into a board. Importing the same files again adds nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("format", choices=["alpaca-eval"], help="whose layout the files have")
        parser.add_argument("path", type=Path, help="the results folder: one folder a model")
        parser.add_argument("--board", default="alpaca-eval", help="short name of the board (default alpaca-eval)")
        parser.add_argument("--annotator", default=ANNOTATOR, help=f"the judge's folder (default {ANNOTATOR})")
        parser.add_argument("--baseline", default=BASELINE, help=f"the model compared with (default {BASELINE})")
        parser.add_argument(
            "--difficulty", type=Path, help="a table with instruction and difficulty, for length control"
        )
        parser.add_argument("--regularise", type=Path, help="a table of regularising rows for length control")

    def handle(self, *_: Any, **options: Any) -> None:
        """Import model by model; a malformed file stops only its own model."""
        found = discover(options["path"], annotator=options["annotator"])
        if not found:
            fail(f"{options['path']} holds no folder with model_outputs.json or annotations.json.")
        difficulty = read_difficulty(options["difficulty"]) if options["difficulty"] else None
        if difficulty:
            difficulty.by("instruction")
        job = imports.AlpacaImport(
            slug=options["board"],
            annotator=options["annotator"],
            baseline=options["baseline"],
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
