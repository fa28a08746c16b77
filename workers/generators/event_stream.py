"""An answer that comes in pieces, as server-sent events, put together to the shape of one that comes whole."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from aiohttp import ClientResponse

from workers.generators import http_transport
from workers.generators.errors import CallFailed, Fault
from workers.generators.http_transport import Fields

KIND = "text/event-stream"
END = "[DONE]"


async def read(answer: ClientResponse, told: Callable[[str], None]) -> Any:
    """The whole answer; `told` is given the text so far after each piece. A server may send it at once all the same.

    Raises CallFailed, also where the stream ends before the answer does.
    """
    if not 200 <= answer.status < 300 or answer.content_type != KIND:
        return await http_transport.whole(answer)
    text, reason, last = "", None, Fields()
    async for piece in _pieces(answer):
        if piece.error:
            raise CallFailed(f"The server broke off: {http_transport.words(piece)}", Fault.SERVER)
        delta, ended = _of_first(piece)
        if delta:
            text += delta
            told(text)
        reason, last = ended or reason, Fields({**last, **piece})
    if reason is None:
        raise CallFailed("The server ended the answer in the middle.", Fault.CUT)
    choice = Fields(message=Fields(content=text), finish_reason=reason)
    return Fields({**last, "choices": [choice]})


def _of_first(piece: Fields) -> tuple[str, str | None]:
    """What a piece adds to the first choice, and why that ended, if it did; a piece of figures alone has no choice."""
    try:
        if not piece.choices:
            return "", None
        choice = piece.choices[0]
        return str((choice.delta or Fields()).content or ""), choice.finish_reason
    except (AttributeError, LookupError, TypeError):
        raise CallFailed("The server's answer has members of a wrong type.", Fault.GARBAGE) from None


async def _pieces(answer: ClientResponse) -> AsyncIterator[Fields]:
    """The JSON objects of the events, up to the last."""
    rest = b""
    async for part in http_transport.parts(answer, http_transport.MAX_ANSWER_BYTES):
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            name, _, value = line.strip().decode("utf-8", "replace").partition(":")
            if name != "data" or not value.strip():
                continue
            if value.strip() == END:
                return
            yield _parsed(value)


def _parsed(value: str) -> Fields:
    try:
        found = json.loads(value, object_hook=Fields)
    except (ValueError, RecursionError):
        raise CallFailed("A piece of the server's answer is not JSON.", Fault.GARBAGE) from None
    if not isinstance(found, Fields):
        raise CallFailed("A piece of the server's answer is no object.", Fault.GARBAGE)
    return found
