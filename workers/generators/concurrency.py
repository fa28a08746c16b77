"""How many calls an endpoint gets at the same time: found out while calling, for each endpoint and process.

A start that grows in steps, as TCP's does (RFC 5681), for as long as more calls bring more answers a second, as BBR's
does (Cardwell et al. 2016); then additive increase, multiplicative decrease (Chiu and Jain 1989). One decrease answers
one burst: calls that began before it say nothing new. One event loop owns a gate; no locks.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from workers.generators.errors import EndpointDown

FIRST = 64
"""Calls side by side before anything is known."""
STEP = 4.0
"""How many times the calls are allowed after each round of the start."""
GAIN = 0.25
"""More calls must bring this part of as many more answers a second, else there is no use in them."""
LONG = 20.0
"""Seconds that a round may take for more calls to be tried: waiting longer, they could run into time-outs."""
LOOK_AGAIN = 60.0
"""Seconds after which more calls than were of use are tried again."""
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


@dataclass
class _Round:
    """As many answers as calls were allowed when it began; `rate` is in answers a second."""

    began: float
    limit: float
    answers: int = 0
    rate: float = 0.0


class Gate:
    """Lets calls to one endpoint through: at most `ceiling` at once, fewer while the endpoint pushes back."""

    def __init__(self, ceiling: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.ceiling = ceiling
        self.limit = float(min(FIRST, ceiling))
        self.in_flight = 0
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._starting = True
        self._round: _Round | None = None
        self._last: _Round | None = None
        self._of_use, self._look_again = float(ceiling), float("inf")
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
        while not self._free():
            if await self._wait(asked):
                break
        else:
            self.in_flight += 1
        if self._starting and self._round is None:
            self._round = _Round(self._clock(), self.limit)
        return self._clock()

    def leave(self) -> None:
        """The call is over, however it ended."""
        self.in_flight -= 1
        self._wake()

    def answered(self) -> None:
        """There is a server, whatever it said."""
        self._faults = 0

    def succeeded(self) -> None:
        """A good answer: after a round of them many more calls side by side at the start, later one more."""
        self.answered()
        # A limit that nobody reaches is not tested by a success.
        if not self._waiting and self.in_flight < int(self.limit):
            self._round = None
            return
        if self._starting:
            self._count()
        else:
            self._limit_to(self.limit + 1.0 / self.limit)
            if self._clock() > self._look_again:
                self._start_again()

    def pushed_back(self, began: float, after: float = 0.0) -> None:
        """The endpoint was busy or too slow for a call that began at `began`; nobody calls for `after` seconds."""
        now = self._clock()
        self._faults = 0
        self._shut_until = max(self._shut_until, now + after)
        if began > self._decreased_at:
            self._starting, self._round = False, None
            self._of_use, self._look_again = float(self.ceiling), float("inf")
            self.limit = max(1.0, self.limit * DECREASE)
            self._decreased_at = now

    def unreachable(self) -> None:
        """No connection came about. After several in a row the gate shuts, longer each time."""
        self._faults += 1
        beyond = self._faults - FAULTS_IN_A_ROW
        if beyond >= 0:
            low, high = COOL_DOWN
            self._shut_until = self._clock() + min(high, low * 2.0 ** min(beyond, 10))

    def _limit_to(self, limit: float) -> None:
        self.limit = min(self._of_use, limit)

    def _count(self) -> None:
        """One more answer of this round; at its end, whether more calls brought more answers a second."""
        now = self._clock()
        this = self._round = self._round or _Round(now, self.limit)
        this.answers += 1
        if this.answers < this.limit:
            return
        took = max(now - this.began, 1e-9)
        this.rate = this.answers / took
        last, self._last, self._round = self._last, this, None
        if last is not None and this.rate < last.rate * (1.0 + GAIN * (this.limit / last.limit - 1.0)):
            # As many as are being worked on at a time, by Little's law: the others only wait.
            self._settle(last.limit * max(1.0, this.rate / last.rate), now)
        elif took > LONG:
            self._settle(this.limit, now)
        elif this.limit >= self.ceiling:
            self._starting = False
        else:
            self._limit_to(STEP * this.limit)
            self._round = _Round(now, self.limit)

    def _settle(self, limit: float, now: float) -> None:
        """No more than this for a while."""
        self._starting, self._of_use, self._look_again = False, limit, now + LOOK_AGAIN
        self._limit_to(limit)

    def _start_again(self) -> None:
        self._starting, self._last = True, None
        self._of_use, self._look_again = float(self.ceiling), float("inf")

    def _allowed(self) -> int:
        return 1 if self.health is Health.UNREACHABLE else max(1, int(self.limit))

    def _free(self) -> bool:
        return self._clock() >= self._shut_until and self.in_flight < self._allowed()

    async def _wait(self, asked: float) -> bool:
        """Whether this call was given a turn, which counts as in flight from then on."""
        if self.health is Health.UNREACHABLE and self._clock() - asked > PATIENCE:
            raise EndpointDown("The server cannot be reached.")
        pause = self._shut_until - self._clock()
        if pause > 0:  # spread, so that not all that waited come back in one burst
            await asyncio.sleep(pause + random.uniform(0, min(1.0, pause)))
            return False
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except BaseException:
            if not turn.cancelled():  # the turn goes to the next
                self.leave()
            raise
        if self._clock() < self._shut_until:
            self.in_flight -= 1
            return False
        return True

    def _wake(self) -> None:
        # A turn counts at once: those who were given one must not look like room for more.
        while self.in_flight < self._allowed() and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)
