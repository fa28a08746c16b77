"""Checks an endpoint for one job and has what it found kept."""

from __future__ import annotations

from typing import Any

from leaderboard.contracts import registry
from leaderboard.services import endpoints
from workers.generators.endpoint_check import check
from workers.runtime import Lease


def check_endpoint(lease: Lease) -> None:
    """About 30 short calls. Raises GenerationFailed where the server does not answer a plain one."""
    asked = lease.job.payload
    generator: Any = registry.generators.build(endpoints.GENERATOR, asked["params"])
    findings = check(generator)
    lease.check()
    endpoints.record(
        endpoint=asked["endpoint"],
        model=asked["model"],
        findings=[one.stored for one in findings],
        user_id=asked.get("user"),
    )
