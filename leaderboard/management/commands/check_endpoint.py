"""`manage.py check-endpoint`: what an OpenAI-compatible server does with the settings it is sent."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import CommandParser
from rich.table import Table

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.protocols import Capability
from leaderboard.management.base import Command as Base
from leaderboard.management.base import console
from leaderboard.services import endpoints

EXTRA = (
    Capability.TOP_K,
    Capability.MIN_P,
    Capability.REPETITION_PENALTY,
    Capability.PRESENCE_PENALTY,
    Capability.FREQUENCY_PENALTY,
    Capability.LOGITS,
)
SIGNS = {"acts": "acts", "ignored": "is ignored", "refused": "is refused", "unknown": "unknown"}


class Command(Base):
    """Checks an endpoint."""

    help = "Show by a few cheap calls which settings really act on an OpenAI-compatible server."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("--base-url", required=True, help="such as http://127.0.0.1:8001/v1")
        parser.add_argument("--model", required=True, help="the name that the server knows the model by")
        parser.add_argument("--api-key", default="", help="a reference such as env:TOUCHSTONE_KEY_NAME")
        parser.add_argument("--store", action="store_true", help="keep what was found, so that submissions heed it")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Check, print and keep; exit code 2 where the server does not answer."""
        from workers.at_shell import at_once
        from workers.checking import findings_of
        from workers.generators.errors import GenerationFailed

        given: dict[str, Any] = {
            "base_url": options["base_url"],
            "model": options["model"],
            "api_key": options["api_key"],
        }
        try:
            with at_once("check-endpoint") as lease:
                findings = findings_of(lease.job, given)
        except GenerationFailed as problem:
            raise InvalidInput(FieldError((), f"The server could not be checked. {problem}")) from None
        if options["store"]:
            identity = endpoints.identity_of(given)[0]
            kept = [one.stored for one in findings]
            endpoints.record(endpoint=identity.source, model=identity.name, findings=kept, user_id=None)
        if options["json"]:
            self.stdout.write(json.dumps([dataclasses.asdict(one) for one in findings], indent=1))
            return
        _show(findings, options)


def _show(findings: Sequence[Any], options: Mapping[str, Any]) -> None:
    table = Table("setting", "", "seen", title=options["base_url"])
    for one in findings:
        table.add_row(one.setting, SIGNS[one.state], one.evidence)
    console.print(table)
    acts = [one.setting for one in findings if one.acts and one.setting in EXTRA]
    if options["store"]:
        console.print("Kept: submissions to this endpoint heed it.", markup=False)
    else:
        console.print(f"Register it with extra_capabilities={json.dumps(acts)}.", markup=False)
