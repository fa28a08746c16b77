"""The client against a real loopback server."""

from __future__ import annotations

import gzip
import json
import math
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.registry import generators
from leaderboard.contracts.values import DecodingChoice, FinishReason, GenerationRequest, Message
from workers.generators import answers, calling, http_transport
from workers.generators.errors import GenerationFailed


def answer(text="hello", **more):
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop", **more}
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


@pytest.fixture
def server(monkeypatch):
    """Plays `script`, a list of (status, headers, body) or a function of the request; keeps what it was sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            httpd.seen.append((body, {k.lower(): v for k, v in self.headers.items()}, time.monotonic()))
            status, headers, reply = httpd.script.pop(0) if httpd.script else (200, {}, answer())
            raw = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            if headers.get("X-Drip"):
                time.sleep(2)
            self.wfile.write(raw)

        def log_message(self, *_):
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.seen, httpd.script = [], []
    httpd.url = f"http://127.0.0.1:{httpd.server_port}/v1"
    monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", httpd.url)
    monkeypatch.setattr(calling.random, "uniform", lambda low, high: 0.01)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield httpd
    httpd.shutdown()
    httpd.server_close()


def ask(server, decoding=None, top_logprobs=0, **params):
    built = generators.build("openai", {"base_url": server.url, "model": "m", "attempts": 3, **params})
    chosen = decoding or DecodingChoice("greedy", {"max_new_tokens": 9})
    request = GenerationRequest("k", (Message("user", "hi"),), chosen, "n", top_logprobs=top_logprobs)
    return list(built.generate([request]))


def test_a_good_answer_is_read_whole(server):
    (made,) = ask(server)
    assert (made.text, made.finish_reason, made.prompt_tokens, made.output_tokens) == ("hello", "stop", 5, 2)
    body = server.seen[0][0]
    assert (body["temperature"], body["max_tokens"], body["messages"]) == (0.0, 9, [{"role": "user", "content": "hi"}])


def test_min_p_is_sent_as_an_extra_field(server):
    ask(server, DecodingChoice("min-p", {"temperature": 2.0, "min_p": 0.1}), extra_capabilities=["min_p"])
    body = server.seen[0][0]
    assert (body["min_p"], body["temperature"], body["top_p"]) == (0.1, 2.0, 1.0)


def test_a_server_that_heats_last_is_sent_the_translated_min_p(server):
    choice = DecodingChoice("min-p", {"temperature": 2.0, "min_p": 0.1})
    ask(server, choice, extra_capabilities=["min_p"], heats="last")
    assert server.seen[0][0]["min_p"] == pytest.approx(0.01)


def test_what_the_order_of_a_server_cannot_say_is_never_sent(server):
    with pytest.raises(ValueError, match="heats last has no top-p"):
        ask(server, DecodingChoice("top-p", {"temperature": 2.0, "p": 0.9}), heats="last")
    assert server.seen == []


def test_a_server_that_runs_our_processors_is_sent_the_strategy_whole(server):
    ask(server, DecodingChoice("edt", {"t0": 0.8}), extra_capabilities=["logits"])
    body = server.seen[0][0]
    sent = json.loads(body["vllm_xargs"]["touchstone"])
    assert (sent["strategy"], sent["params"]["t0"]) == ("edt", 0.8)
    assert (body["temperature"], body["top_p"], body["top_k"], body["min_p"]) == (1.0, 1.0, 0, 0.0)


def test_outputs_of_two_orders_belong_to_two_revisions(server):
    params = [{"base_url": server.url, "model": "m", "revision": "v1", "heats": heats} for heats in ("first", "last")]
    kind = generators.get("openai")
    revisions = [kind.identity(generators.parse("openai", one)).revision for one in params]
    assert revisions == ["v1", "v1 · heats last"]


def test_log_probabilities_of_the_first_token(server):
    tops = [{"token": "m", "logprob": -0.1, "bytes": None}, {"token": "M", "logprob": -2.0, "bytes": None}]
    content = [{"token": "m", "logprob": -0.1, "bytes": None, "top_logprobs": tops}]
    server.script = [(200, {}, answer("m", logprobs={"content": content, "refusal": None}))]
    (made,) = ask(server, top_logprobs=5)
    assert made.first_logprobs == (("m", -0.1), ("M", -2.0))


def test_busy_and_broken_servers_are_tried_again_after_the_time_they_ask(server):
    server.script = [(429, {"Retry-After": "1"}, {}), (500, {}, {}), (200, {}, answer("third"))]
    assert ask(server)[0].text == "third"
    assert server.seen[1][2] - server.seen[0][2] >= 1.0


def test_a_refusal_is_final_and_told(server):
    server.script = [(400, {}, {"error": {"message": "no such model"}})]
    with pytest.raises(GenerationFailed, match=r"400.*no such model"):
        ask(server)
    assert len(server.seen) == 1


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b'{"choices": []}', b'{"choices": {"0": 1}}'])
def test_garbage_is_a_typed_fault(server, body):
    server.script = [(200, {}, body)] * 3
    with pytest.raises(GenerationFailed):
        ask(server)
    assert len(server.seen) == 3


def first_token(*values, usage='{"prompt_tokens": 5}'):
    """Raw JSON of an answer with these log-probabilities, as they stand there."""
    table = ", ".join(f'{{"token": "t{place}", "logprob": {value}}}' for place, value in enumerate(values))
    told = f'{{"content": [{{"top_logprobs": [{table}]}}]}}'
    return f'{{"choices": [{{"message": {{"content": "t0"}}, "logprobs": {told}}}], "usage": {usage}}}'.encode()


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e400", "12.5", "true", "null", '"much"', "-" + "9" * 400])
def test_what_is_no_log_probability_makes_the_answer_unreadable(server, value):
    server.script = [(200, {}, first_token("-0.1", value))]
    (made,) = ask(server, top_logprobs=5)
    assert made.text == "hello", "it was asked for again"


def test_a_log_probability_may_be_minus_infinity_or_rounded_above_zero(server):
    server.script = [(200, {}, first_token("1e-6", "-Infinity"))]
    (made,) = ask(server, top_logprobs=5)
    assert made.first_logprobs == (("t0", 1e-6), ("t1", -math.inf))


def test_the_likeliest_of_far_too_many_log_probabilities_are_kept(server):
    server.script = [(200, {}, first_token(*range(-5000, 0)))]
    (made,) = ask(server, top_logprobs=5)
    assert made.first_logprobs[:2] == (("t4999", -1.0), ("t4998", -2.0))
    assert len(made.first_logprobs) == answers.MOST_TOLD


@pytest.mark.parametrize("count", ["Infinity", "NaN", "1e30", "9" * 40, '"many"', "[1]"])
def test_a_number_of_tokens_that_cannot_be_makes_the_answer_unreadable(server, count):
    server.script = [(200, {}, first_token("-0.1", usage=f'{{"prompt_tokens": {count}}}'))]
    (made,) = ask(server)
    assert made.text == "hello"


@pytest.mark.parametrize("cost", ["Infinity", "NaN", "1e300", "1e12", "-1", "true", '"1"'])
def test_a_cost_that_cannot_be_counts_as_untold(server, cost):
    server.script = [(200, {}, first_token("-0.1", usage=f'{{"prompt_tokens": 5, "cost": {cost}}}'))]
    (made,) = ask(server)
    assert (made.text, made.prompt_tokens, made.cost_usd) == ("t0", 5, None)


def test_a_cost_that_the_server_tells_is_kept(server):
    server.script = [(200, {}, first_token("-0.1", usage='{"cost": 0.25}'))]
    (made,) = ask(server)
    assert made.cost_usd == 0.25


def test_a_refusal_of_the_model_is_its_text_and_is_marked(server):
    message = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
    server.script = [(200, {}, answer(message=message))]
    (made,) = ask(server)
    assert (made.text, made.finish_reason) == ("I cannot help with that.", FinishReason.FILTER)


def test_a_slow_body_is_cut(server):
    server.script = [(200, {"X-Drip": "1"}, answer())]
    with pytest.raises(GenerationFailed, match="in time"):
        ask(server, timeout_seconds=0.3, attempts=1)


def test_the_key_comes_from_the_environment_and_is_never_told(server, monkeypatch):
    monkeypatch.setenv("TOUCHSTONE_KEY_T", "sk-planted")
    server.script = [(401, {}, {"error": {"message": "bad key"}})]
    with pytest.raises(GenerationFailed) as problem:
        ask(server, api_key="env:TOUCHSTONE_KEY_T")
    assert server.seen[0][1]["authorization"] == "Bearer sk-planted"
    assert "sk-planted" not in str(problem.value)


def test_a_literal_key_is_refused_without_repeating_it(server):
    with pytest.raises(InvalidInput) as problem:
        ask(server, api_key="sk-planted")
    assert problem.value.errors[0].path == ("api_key",)
    assert "sk-planted" not in str(problem.value)


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/v1", "http://127.0.0.1:1/v1", "file:///etc/passwd", "http://u@127.0.0.1/v1"]
)
def test_an_address_that_is_not_approved_is_refused(server, url):
    with pytest.raises(InvalidInput, match="TOUCHSTONE_ENDPOINTS"):
        generators.build("openai", {"base_url": url, "model": "m"})


def test_an_approved_path_is_no_prefix_of_another_word(server, monkeypatch):
    monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
    with pytest.raises(InvalidInput):
        generators.build("openai", {"base_url": server.url + "evil", "model": "m"})


def test_an_endless_answer_is_refused_at_once_whatever_its_status(server, monkeypatch):
    monkeypatch.setattr(http_transport, "MAX_ANSWER_BYTES", 1000)
    for status in (200, 500):
        server.seen.clear()
        server.script = [(status, {}, answer("x" * 1000))]
        with pytest.raises(GenerationFailed, match=r"^The server's answer is longer than 1,000 bytes\.$"):
            ask(server)
        assert len(server.seen) == 1
    server.script = [(200, {}, answer("x" * 500))]
    assert len(ask(server)[0].text) == 500


def test_no_packed_answer_is_asked_for_or_read(server):
    server.script = [(200, {"Content-Encoding": "gzip"}, gzip.compress(json.dumps(answer()).encode()))]
    with pytest.raises(GenerationFailed, match="packed"):
        ask(server)
    assert server.seen[0][1]["accept-encoding"] == "identity"
