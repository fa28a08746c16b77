"""What a generator raises when it cannot make an output."""

from __future__ import annotations


class GenerationFailed(Exception):
    """An output could not be made; the message is safe to show and holds no key.

    `retryable` says whether the same request may work later (time-out, rate limit, server fault).
    """

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
