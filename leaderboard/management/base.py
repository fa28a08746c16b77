"""What the commands share: one clear line and exit code 2 on bad input."""

from __future__ import annotations

import json
import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from leaderboard.checks import SETUP
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.registry import PluginError
from leaderboard.services.submissions import Conflict

console = Console()
errors = Console(stderr=True)


class Command(BaseCommand):
    """A command that tells bad input in one line."""

    requires_migrations_checks = False
    # The others look for faults of the code, and load every page and the API for it.
    requires_system_checks: tuple[str, ...] = (SETUP,)

    def run_from_argv(self, argv: list[str]) -> None:
        """As Django does, but every fault of the input is one line and exit code 2."""
        try:
            super().run_from_argv(argv)
        except (InvalidInput, PluginError, Conflict) as problem:
            fail(str(problem))

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """A parser that tells a bad option in one line, without the usage."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.error = fail  # type: ignore[method-assign]
        return parser

    def execute(self, *args: Any, **options: Any) -> Any:
        """Turn CommandError into exit code 2 here, before Django makes it 1."""
        try:
            return super().execute(*args, **options)
        except CommandError as problem:
            raise InvalidInput(FieldError((), str(problem))) from None


def fail(message: str) -> NoReturn:
    """One line on stderr, exit code 2."""
    sys.stderr.write(f"error: {' '.join(message.removeprefix('input: ').split())}\n")
    sys.exit(2)


def pairs(given: list[str], option: str) -> dict[str, Any]:
    """`name=value` words as a dict; a value that is JSON is read as such. Raises InvalidInput."""
    found = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals:
            raise InvalidInput(FieldError((option,), f"Write name=value instead of '{word}'."))
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found
