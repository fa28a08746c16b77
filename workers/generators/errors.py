"""What a generator raises when it cannot make an output."""

from __future__ import annotations

from enum import StrEnum


class GenerationFailed(Exception):
    """An output could not be made; the message is safe to show and holds no key.

    `retryable` says whether the same request may work later (time-out, rate limit, server fault).
    """

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class Fault(StrEnum):
    """How a call over HTTP failed."""

    BUSY = "busy"
    SERVER = "server fault"
    TIMEOUT = "time-out"
    CONNECT = "no connection"
    CUT = "connection cut"
    GARBAGE = "unreadable answer"
    UNWANTED = "answer that we do not read"
    REFUSED = "refused"


FINAL = frozenset({Fault.UNWANTED, Fault.REFUSED})
"""Faults that asking again would bring again."""


class CallFailed(GenerationFailed):
    """One call failed. `after`: seconds that the server asks everyone to wait."""

    def __init__(self, message: str, fault: Fault, *, after: float = 0.0) -> None:
        super().__init__(message, retryable=fault not in FINAL)
        self.fault = fault
        self.after = after


class EndpointDown(CallFailed):
    """No connection to the endpoint came about for a long time; there is no use in trying its other calls."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Fault.CONNECT)


class Deferred(Exception):
    """The answers were ordered and come later: look again after `seconds`. What came already was handed over."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds
