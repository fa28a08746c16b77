"""A chat completions server on this machine that answers any prompt, and tells usage that follows from the texts."""

from __future__ import annotations

from typing import Any

from leaderboard.services import submissions
from tests.judges.loopback import LengthJudge, written

SENT, WRITTEN = 20, 8
"""Tokens that the server tells of each prompt and each answer."""
USED = SENT + WRITTEN


class Answering(LengthJudge):
    """Gives a text that names the prompt, the seed and the temperature."""

    def reply(self, request: dict[str, Any]) -> dict[str, Any]:
        drawn = f"{request.get('seed')} at {request.get('temperature')}"
        answer = written(request, f"{request['messages'][-1]['content']} is what you ask, {drawn}.")
        answer["usage"] = {"prompt_tokens": SENT, "completion_tokens": WRITTEN, "total_tokens": USED}
        return answer


def endpoint(url: str, model: str = "writer-1", **more: Any) -> dict[str, Any]:
    """Settings of the generator for a model served at `url`."""
    return {"base_url": url, "model": model, "concurrency": 4, "attempts": 2, **more}


def request_at(url: str, board: str = "sums", **more: Any) -> submissions.Request:
    """A greedy submission of the model served at `url`."""
    asked = {"strategy": "greedy", "decoding": {"max_new_tokens": 16}, **more}
    return submissions.Request(board=board, generator="openai", model=endpoint(url), **asked)
