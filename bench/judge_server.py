"""A chat completions server that waits and then names one answer: `python bench/judge_server.py --help`.

Standard library only, and no framework, so that it takes little of the machine on which clients are measured. It
prints its port, counts its calls, and tells them at GET /count.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from typing import Any

NAMES = ("m", "M", "k", "r", "T", "W", "3", "8", "g", "p")
"""Every name that a judge of ours or a peer's asks for; all are among the likeliest tokens of each answer."""
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
HEAD_END = b"\r\n\r\n"


def answer() -> bytes:
    """The one answer: a token with twenty log-probabilities, and a usage."""
    tokens = [*NAMES, *(f"word{place}" for place in range(20 - len(NAMES)))]
    table = [{"token": t, "logprob": -0.5 - 0.4 * at, "bytes": list(t.encode())} for at, t in enumerate(tokens)]
    body = {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "bench",
        "system_fingerprint": "fp_bench",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": tokens[0], "refusal": None},
                "logprobs": {"content": [{**table[0], "top_logprobs": table}], "refusal": None},
                "finish_reason": "length",
            }
        ],
        "usage": {"prompt_tokens": 1200, "completion_tokens": 1, "total_tokens": 1201},
    }
    return _http(body)


def _http(body: Any) -> bytes:
    raw = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(raw) + raw


class Connection(asyncio.Protocol):
    """One connection; answers in order, `delay` seconds after each request is in."""

    calls = 0
    delay = 0.3
    answer = b""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def connection_made(self, transport: Any) -> None:
        """Keeps the way back."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Collects whole requests."""
        self._buffer += data
        while (end := self._buffer.find(HEAD_END)) >= 0:
            found = LENGTH.search(self._buffer, 0, end)
            size = end + len(HEAD_END) + (int(found[1]) if found else 0)
            if len(self._buffer) < size:
                return
            post = self._buffer.startswith(b"POST")
            del self._buffer[:size]
            self._serve() if post else self._transport.write(_http({"calls": Connection.calls}))

    def _serve(self) -> None:
        Connection.calls += 1
        asyncio.get_running_loop().call_later(self.delay, self._reply)

    def _reply(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(self.answer)


async def serve(delay: float) -> None:
    """Until it is ended."""
    Connection.delay, Connection.answer = delay, answer()
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.3, help="seconds to each answer (0.3)")
    asyncio.run(serve(parser.parse_args().delay))


if __name__ == "__main__":
    main()
