"""`manage.py demo`."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser

from leaderboard.api.standings import rows_of
from leaderboard.management.base import Command as Base
from leaderboard.management.base import console, errors
from leaderboard.management.crawl import crawl
from leaderboard.management.supervisor import Supervisor
from leaderboard.models import Board, Submission
from leaderboard.services import demo

LIMIT_SECONDS = 600


class Command(Base):
    """Runs the demo."""

    help = "Decode, judge and rank two tiny models in eleven ways, on this machine, and show it as a site."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default 8000)")
        parser.add_argument("--check", action="store_true", help="run to the end, read every page, then exit")

    def handle(self, *_: Any, **options: Any) -> None:
        """Prepare, then supervise; with --check, until all is done."""
        supervisor = Supervisor(options["host"], options["port"])
        watch = _Watch(supervisor, stay=not options["check"])
        supervisor.run(watch.prepare, watch.tick)
        if options["check"]:
            self._report(watch)

    def _report(self, watch: _Watch) -> None:
        for fault in watch.faults:
            errors.print(f"error: {fault}", markup=False)
        self.stdout.write(f"{watch.pages} pages read, {len(watch.faults)} faults, {watch.seconds:.0f} s")
        if watch.faults or not watch.over:
            raise SystemExit(1)


class _Watch:
    """Follows the demo between two sweeps and ends with the addresses to use."""

    made: demo.Demo

    def __init__(self, supervisor: Supervisor, *, stay: bool) -> None:
        self.supervisor, self.stay = supervisor, stay
        self.began, self.seconds, self.pages = time.monotonic(), 0.0, 0
        self.over, self.faults, self._told = False, list[str](), ""
        self.judged: list[Submission] = []

    def prepare(self) -> None:
        """Make the database and what is to be shown."""
        call_command("migrate", verbosity=0)
        self.made = demo.prepare()
        at = self.supervisor.address
        console.print(f"Touchstone is at {at}: the board fills while you look. Ctrl-C stops it.")
        self.began = time.monotonic()

    def tick(self) -> bool:
        """Called at each sweep; False ends the demo."""
        if self.over:
            return self.stay
        self._tell()
        ended = self._at_rest(demo.BOARD) and self._all_judged()
        late = time.monotonic() - self.began > LIMIT_SECONDS
        if late and not self.stay:
            self.faults.append(f"The demo did not end in {LIMIT_SECONDS} s.")
            return False
        if ended:
            self._end(Board.objects.select_related("current").get(slug=demo.BOARD))
        return self.stay or not ended

    def _at_rest(self, slug: str) -> bool:
        """Whether everything submitted to the board has ended and is rated."""
        board = Board.objects.get(slug=slug)
        return all(s.ended for s in Submission.objects.filter(board=board)) and board.built >= board.wanted

    def _all_judged(self) -> bool:
        """The tiny judge reads outputs that are there already, so it comes last."""
        if not self.judged:
            self.judged = demo.judge_some(self.made)
            return False
        return self._at_rest(demo.JUDGED)

    def _tell(self) -> None:
        shown = (demo.BOARD, demo.JUDGED)
        states = Counter(str(s.get_state_display()) for s in Submission.objects.filter(board__slug__in=shown))
        told = ", ".join(f"{count} {state.lower()}" for state, count in sorted(states.items()))
        if told != self._told:
            console.print(f"{time.monotonic() - self.began:4.0f} s  {told}")
            self._told = told

    def _end(self, board: Board) -> None:
        self.over, self.seconds = True, time.monotonic() - self.began
        self._check(board)
        if not self.stay:
            self.pages, faults = crawl(self.supervisor.address)
            self.faults += faults
            return
        at = self.supervisor.address
        console.print(f"\nAll done in {self.seconds:.0f} s.", markup=False)
        for line in (
            f"Board:    {at}/boards/{demo.BOARD}/",
            f"Vote:     {at}/boards/{demo.ARENA}/vote/",
            f"Ask:      {at}/boards/{demo.ARENA}/live/",
            f"Judges:   {at}/judges/",
            f"Sign in:  {at}/sign-in/link/{demo.link_token(self.made.user)}/",
            f"curl '{at}/api/v1/boards/{demo.BOARD}/standings'",
            f"pandas.read_csv('{at}/api/v1/boards/{demo.BOARD}/standings?format=csv')",
        ):
            self._print(line)

    def _print(self, line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _check(self, board: Board) -> None:
        found = {row.entry: row for row in rows_of(board.current)}
        for submission in self.made.submissions:
            row = found.get(submission.entry.slug)
            if row is None or row.rating is None or not row.n:
                self.faults.append(f"{submission.entry} has no rating. {submission.error}")
