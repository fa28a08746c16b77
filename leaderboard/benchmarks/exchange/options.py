"""What an import can be told about its files."""

from __future__ import annotations

from dataclasses import dataclass

from leaderboard.benchmarks.exchange.items import PEOPLE


@dataclass(frozen=True)
class ReadOptions:
    """`judge`: who judged where a file does not say. `voters`: the files' judges are people.

    `baseline`: the model that Arena-Hard's first version compares with, which its files do not name.
    """

    judge: str = PEOPLE
    voters: bool = False
    baseline: str = "gpt-4-0314"
