"""A real HTTP server on this machine that speaks OpenAI chat completions and judges what it is shown."""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class LengthJudge:
    """Prefers the longer answer by `strength`, and slot 1 by `bias` (both in log-odds)."""

    def __init__(self, strength: float = 2.0, bias: float = 0.0) -> None:
        self.strength, self.bias = strength, bias
        self.url = ""
        self.requests: list[dict[str, Any]] = []

    def log_odds(self, first: str, second: str) -> float:
        return self.bias + self.strength * ((len(first) > len(second)) - (len(first) < len(second)))

    def reply(self, request: dict[str, Any]) -> dict[str, Any]:
        body = request["messages"][-1]["content"]
        found = re.findall(r"<<([0-9a-f]{32}) answer (.)>>\n(.*)\n<<\1 end of answer \2>>", body)
        (_, name_1, first), (_, name_2, second) = found
        odds = self.log_odds(json.loads(first), json.loads(second))
        table = {name_1: -math.log1p(math.exp(-odds)), name_2: -math.log1p(math.exp(odds)), "The": -30.0}
        return completion(request, sorted(table.items(), key=lambda entry: -entry[1]))


class WritingJudge(LengthJudge):
    """Writes a verdict in whatever format the prompt asks for: the longer answer is better, 1 to 10 by its length.

    `quotes`: both answers stand in what it writes, as judges do; `scores` tells ratings by text.
    """

    def __init__(self, quotes: bool = False) -> None:
        super().__init__()
        self.quotes = quotes

    def reply(self, request: dict[str, Any]) -> dict[str, Any]:
        body = request["messages"][-1]["content"]
        found = re.findall(r"<<([0-9a-f]{32}) answer ?([^>]*)>>\n(.*)\n<<\1 end of answer", body)
        names, texts = [name for _, name, _ in found], [json.loads(text) for _, _, text in found]
        asked = body[body.rindex(">>\n") if ">>\n" in body else 0 :]
        text = _compared(asked, names, texts) if len(found) == 2 else _rated(asked, texts[0])
        quoted = f"They say {texts}. " if self.quotes and not text.startswith("{") else ""
        return written(request, f"{quoted}{text}")


def _compared(asked: str, names: list[str], texts: list[Any]) -> str:
    longer, other = sorted((0, 1), key=lambda place: -len(str(texts[place])))
    if member := re.search(r'"choice": "..."(, "code": "[0-9a-f]{6}")?', asked):
        return '{"analysis": "", "choice": "' + names[longer] + '+"' + (member[1] or "") + "}"
    code = re.search(r"\[\[[^ \]]+( [0-9a-f]{6})?\]\]", asked)
    assert code, asked
    sign = f">{names[other]}" if f"{names[0]}>>" in asked else ""
    return f"I weigh them. [[{names[longer]}{sign}{code[1] or ''}]]"


def _rated(asked: str, text: Any) -> str:
    value = min(10, 1 + len(str(text)) // 8)
    if member := re.search(r'"score": [05](, "code": "[0-9a-f]{6}")?', asked):
        return f'{{"reason": "", "score": {value}{member[1] or ""}}}'
    code = re.search(r"\[\[7( [0-9a-f]{6})?\]\]", asked)
    assert code, asked
    return f"It is so. [[{value}{code[1] or ''}]]"


def written(request: dict[str, Any], text: str, finish_reason: str = "stop") -> dict[str, Any]:
    answer = completion({**request, "top_logprobs": 1}, [("x", -0.1)])
    answer["choices"][0] |= {"logprobs": None, "finish_reason": finish_reason}
    answer["choices"][0]["message"]["content"] = text
    return answer


def completion(request: dict[str, Any], table: list[tuple[str, float]]) -> dict[str, Any]:
    shown = [{"token": t, "logprob": p, "bytes": list(t.encode())} for t, p in table[: request["top_logprobs"]]]
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 0,
        "model": request["model"],
        "choices": [
            {
                "index": 0,
                "finish_reason": "length",
                "message": {"role": "assistant", "content": table[0][0]},
                "logprobs": {"content": [{**shown[0], "top_logprobs": shown}]},
            }
        ],
        "usage": {"prompt_tokens": 321, "completion_tokens": 1, "total_tokens": 322},
    }


@contextmanager
def serve(judge: LengthJudge) -> Iterator[LengthJudge]:
    """`judge` behind a real port; its `url` ends in /v1."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            judge.requests.append({"path": self.path, "key": self.headers["Authorization"], **request})
            body = json.dumps(judge.reply(request)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    judge.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield judge
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
