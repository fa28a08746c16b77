"""What a user asks for in one submission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from leaderboard.contracts.fingerprint import fingerprint


@dataclass(frozen=True)
class Request:
    """What a user asks for. `model` and `decoding` are the settings of the two plugins named.

    `samples` are made for each of `seeds`, which are `seed` alone where none are given. `max_usd` and `max_tokens` are
    what generating and judging may cost, None for no cap.
    """

    board: str
    generator: str
    model: Mapping[str, Any]
    strategy: str
    decoding: Mapping[str, Any] = field(default_factory=dict)
    system: str = ""
    samples: int = 1
    seed: int = 0
    seeds: Sequence[int] = ()
    max_usd: float | None = None
    max_tokens: int | None = None

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """Every seed, in order."""
        return tuple(self.seeds) or (self.seed,)

    @property
    def runs(self) -> int:
        """Outputs for each prompt."""
        return self.samples * len(self.all_seeds)

    @property
    def digest(self) -> str:
        """The same for the same request, however its one seed is given."""
        first, *more = self.all_seeds
        fields = vars(self) | {"model": dict(self.model), "decoding": dict(self.decoding), "seed": first}
        del fields["seeds"]
        caps = {name: fields.pop(name) for name in ("max_usd", "max_tokens")}
        # A request without a cap keeps the digest that it had before there were caps.
        fields |= {name: str(value) for name, value in caps.items() if value is not None}
        return fingerprint("submission", fields | ({"seeds": [first, *more]} if more else {}))
