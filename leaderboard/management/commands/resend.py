"""`manage.py resend`."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from leaderboard.management.base import Command as Base
from leaderboard.services import pipeline


class Command(Base):
    """Sends forgotten work again."""

    help = "Send jobs again whose worker died or whose message was lost. Harmless at any time."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("--watch", action="store_true", help="go on until stopped")

    def handle(self, *_: Any, **options: Any) -> None:
        """Look once, or for good."""
        while True:
            self.stdout.write(f"{pipeline.sweep()} jobs sent")
            if not options["watch"]:
                return
            time.sleep(settings.SWEEP_SECONDS)
