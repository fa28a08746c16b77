"""Streamed answers of a real loopback server: the text so far, the whole, and streams that break."""

from __future__ import annotations

import json

import pytest

from leaderboard.contracts.registry import generators
from leaderboard.contracts.values import DecodingChoice, FinishReason, GenerationRequest, Message
from tests.workers.generators.test_openai_client import answer, server  # noqa: F401
from workers.generators.errors import GenerationFailed
from workers.generators.stopping import Stopped

EVENTS = {"Content-Type": "text/event-stream; charset=utf-8"}


def piece(text=None, reason=None, **more):
    delta = {} if text is None else {"content": text}
    return {"model": "m-7", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}


def events(*pieces, end=b"data: [DONE]\n\n"):
    return b": hello\n\n" + b"".join(b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in pieces) + end


USAGE = {"model": "m-7", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3}}
GOOD = (piece(""), piece("Zür"), piece("ich "), piece("is 42."), piece(None, "stop"), USAGE)


def stream(server, told=lambda text: None, **params):  # noqa: F811
    built = generators.build("openai", {"base_url": server.url, "model": "m", "attempts": 3, **params})
    request = GenerationRequest("k", (Message("user", "hi"),), DecodingChoice("greedy", {"max_new_tokens": 9}), "n")
    return built.stream(request, told)


def test_the_text_so_far_is_told_and_the_whole_is_given(server):  # noqa: F811
    server.script = [(200, EVENTS, events(*GOOD))]
    told = []
    made = stream(server, told.append)
    assert told == ["Zür", "Zürich ", "Zürich is 42."]
    assert (made.text, made.finish_reason) == ("Zürich is 42.", FinishReason.STOP)
    assert (made.prompt_tokens, made.output_tokens) == (5, 3)
    assert server.seen[0][0]["stream"] is True


def test_a_server_that_does_not_stream_is_read_whole(server):  # noqa: F811
    server.script = [(200, {}, answer("at once"))]
    assert stream(server).text == "at once"


def test_an_answer_that_was_cut_says_so(server):  # noqa: F811
    server.script = [(200, EVENTS, events(piece("one two"), piece(None, "length")))]
    assert stream(server).finish_reason == FinishReason.LENGTH


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (events(piece("half"), end=b""), "in the middle"),
        (events(piece("half")), "in the middle"),
        (b"data: {not json\n\n", "not JSON"),
        (b"data: [1]\n\n", "no object"),
        (events({"choices": [7]}), "wrong type"),
        (events({"error": {"message": "out of memory"}}), "out of memory"),
    ],
    ids=["cut", "no reason", "junk", "list", "number", "error"],
)
def test_a_stream_that_breaks_is_tried_once_more_and_never_an_answer(server, body, message):  # noqa: F811
    server.script = [(200, EVENTS, body)] * 5
    with pytest.raises(GenerationFailed, match=message):
        stream(server)
    assert len(server.seen) == 2


def test_a_refusal_is_told(server):  # noqa: F811
    server.script = [(400, {}, {"error": {"message": "no such model"}})]
    with pytest.raises(GenerationFailed, match="no such model"):
        stream(server)


def test_whoever_listens_can_end_it(server):  # noqa: F811
    server.script = [(200, EVENTS, events(*GOOD))]

    def enough(text):
        raise Stopped("enough")

    with pytest.raises(Stopped):
        stream(server, enough)
