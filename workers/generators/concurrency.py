"""How many calls an endpoint gets at the same time: found out while calling, for each endpoint and process.

Additive increase, multiplicative decrease (Chiu and Jain 1989), after a start that doubles, as TCP does (RFC 5681).
One decrease answers one burst: calls that began before it say nothing new. One event loop owns a gate; no locks.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum

from workers.generators.errors import EndpointDown

FIRST = 64
"""Calls side by side before anything is known; half the ceiling where that is more."""
DECREASE = 0.5
FAULTS_IN_A_ROW = 5
"""Connections that fail one after the other until only single probes are let through."""
COOL_DOWN = (0.5, 30.0)
"""Seconds between probes: at first and at most."""
PATIENCE = 60.0
"""Seconds that a call waits for an endpoint that cannot be reached."""


class Health(StrEnum):
    """What a gate knows of its endpoint."""

    FLOWING = "flowing"
    BACKING_OFF = "backing off"
    UNREACHABLE = "unreachable"


class Gate:
    """Lets calls to one endpoint through: at most `ceiling` at once, fewer while the endpoint pushes back."""

    def __init__(self, ceiling: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.ceiling = ceiling
        self.limit = max(min(FIRST, ceiling), ceiling / 2)
        self.in_flight = 0
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._starting = True
        self._decreased_at = self._shut_until = float("-inf")
        self._faults = 0

    @property
    def health(self) -> Health:
        """The state now."""
        if self._faults >= FAULTS_IN_A_ROW:
            return Health.UNREACHABLE
        return Health.BACKING_OFF if self._clock() < self._shut_until else Health.FLOWING

    async def enter(self) -> float:
        """Wait for a turn; the moment it came, for the methods below. Every `enter` needs its `leave`.

        Raises: EndpointDown after PATIENCE without a connection.
        """
        asked = self._clock()
        try:
            while not self._free():
                await self._wait(asked)
        except BaseException:  # the turn that this call may have been given goes to the next
            self._wake()
            raise
        self.in_flight += 1
        return self._clock()

    def leave(self) -> None:
        """The call is over, however it ended."""
        self.in_flight -= 1
        self._wake()

    def answered(self) -> None:
        """There is a server, whatever it said."""
        self._faults = 0

    def succeeded(self) -> None:
        """A good answer: one more call side by side for each (at the start) or for each whole round."""
        self.answered()
        # A limit that nobody reaches is not tested by a success.
        if self._waiting or self.in_flight >= int(self.limit):
            step = 1.0 if self._starting else 1.0 / self.limit
            self.limit = min(float(self.ceiling), self.limit + step)

    def pushed_back(self, began: float, after: float = 0.0) -> None:
        """The endpoint was busy or too slow for a call that began at `began`; nobody calls for `after` seconds."""
        now = self._clock()
        self._faults = 0
        self._shut_until = max(self._shut_until, now + after)
        if began > self._decreased_at:
            self._starting = False
            self.limit = max(1.0, self.limit * DECREASE)
            self._decreased_at = now

    def unreachable(self) -> None:
        """No connection came about. After several in a row the gate shuts, longer each time."""
        self._faults += 1
        beyond = self._faults - FAULTS_IN_A_ROW
        if beyond >= 0:
            low, high = COOL_DOWN
            self._shut_until = self._clock() + min(high, low * 2.0 ** min(beyond, 10))

    def _allowed(self) -> int:
        return 1 if self.health is Health.UNREACHABLE else max(1, int(self.limit))

    def _free(self) -> bool:
        return self._clock() >= self._shut_until and self.in_flight < self._allowed()

    async def _wait(self, asked: float) -> None:
        if self.health is Health.UNREACHABLE and self._clock() - asked > PATIENCE:
            raise EndpointDown("The server cannot be reached.")
        pause = self._shut_until - self._clock()
        if pause > 0:  # spread, so that not all that waited come back in one burst
            await asyncio.sleep(pause + random.uniform(0, min(1.0, pause)))
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _wake(self) -> None:
        free = self._allowed() - self.in_flight
        while free > 0 and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                free -= 1
