"""`manage.py serve`."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser

from leaderboard.management.base import Command as Base
from leaderboard.management.base import console
from leaderboard.management.supervisor import Supervisor


class Command(Base):
    """Runs the site and one worker, with no server to install."""

    help = "Run the site and one worker process on this machine. Ctrl-C stops both."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default 8000)")
        parser.add_argument("--no-worker", action="store_true", help="run the web server only")

    def handle(self, *_: Any, **options: Any) -> None:
        """Migrate, then supervise until stopped."""
        supervisor = Supervisor(options["host"], options["port"], worker=not options["no_worker"])

        def prepare() -> None:
            call_command("migrate", verbosity=0)
            console.print(f"Touchstone is at {supervisor.address}. Ctrl-C stops it.")

        supervisor.run(prepare)
