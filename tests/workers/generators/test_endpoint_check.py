"""The check against a real loopback server that samples from a toy distribution and heeds what the test allows."""

from __future__ import annotations

import json
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from leaderboard.contracts.registry import generators
from tests.leaderboard.commands.test_commands import run
from workers.generators.endpoint_check import check
from workers.generators.errors import GenerationFailed

ALL = frozenset({"temperature", "seed", "n", "logprobs", "top_p", "top_k", "min_p", "repetition_penalty"})
WORDS = ("red", "blue", "green", "grey", "pink")


def text_of(body, heeds, choice):
    """Eight words; the first of `WORDS` is the likeliest at every place."""
    hot = body.get("temperature", 1.0) > 0 and "temperature" in heeds
    cut = (
        ("top_p" in heeds and body.get("top_p", 1.0) < 0.01)
        or ("top_k" in heeds and body.get("top_k") == 1)
        or ("min_p" in heeds and body.get("min_p", 0.0) >= 1.0)
    )
    if not hot or cut:
        rising = "repetition_penalty" in heeds and body.get("repetition_penalty", 1.0) > 1
        return " ".join(WORDS[place % 5] if rising else WORDS[0] for place in range(8))
    source = random.Random(f"{body.get('seed')} {choice}") if "seed" in heeds else random.Random()
    return " ".join(source.choice(WORDS) for _ in range(8))


@pytest.fixture
def server(monkeypatch):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            httpd.calls.append(body)
            refused = next((name for name in httpd.refuses if name in body), None)
            status, reply = (
                (400, {"error": {"message": f"unknown field {refused}"}}) if refused else (200, answer(body))
            )
            raw = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_):
            pass

    def answer(body):
        count = body.get("n", 1) if "n" in httpd.heeds else 1
        choices = [choice(body, place) for place in range(count)]
        return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": choices}

    def choice(body, place):
        found = {"index": place, "finish_reason": "stop", "logprobs": None}
        if body.get("logprobs") and "logprobs" in httpd.heeds:
            best = [{"token": word, "logprob": -1.0, "bytes": None} for word in WORDS]
            found["logprobs"] = {"content": [{**best[0], "top_logprobs": best}]}
        return {**found, "message": {"role": "assistant", "content": text_of(body, httpd.heeds, place)}}

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.heeds, httpd.refuses, httpd.calls = set(ALL), set(), []
    httpd.url = f"http://127.0.0.1:{httpd.server_port}/v1"
    monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", httpd.url)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield httpd
    httpd.shutdown()
    httpd.server_close()


def findings(server):
    return {one.setting: one for one in check(generators.build("openai", {"base_url": server.url, "model": "m"}))}


def test_a_server_that_heeds_everything(server):
    found = findings(server)
    assert set(found) == {"greedy", *ALL}
    assert all(one.acts for one in found.values())
    assert len(server.calls) <= 30
    assert max(call["max_tokens"] for call in server.calls) <= 24


@pytest.mark.parametrize("name", sorted(ALL - {"temperature"}))
def test_what_is_swallowed_is_told_and_nothing_else(server, name):
    server.heeds -= {name}
    found = findings(server)
    assert {setting for setting, one in found.items() if not one.acts} == {name}


def test_without_temperature_what_hangs_on_it_is_unknown(server):
    server.heeds -= {"temperature"}
    found = findings(server)
    assert found["temperature"].acts is False
    assert found["temperature"].evidence == "3 calls at temperature 2 gave the greedy text."
    assert {name for name, one in found.items() if one.acts is None} == {"seed", "top_p", "top_k", "min_p"}


def test_a_refusal_is_told_in_the_servers_words(server):
    server.refuses = {"min_p"}
    found = findings(server)["min_p"]
    assert found.acts is False
    assert "unknown field min_p" in found.evidence


def test_a_server_that_answers_nothing_fails(server):
    server.refuses = {"model"}
    with pytest.raises(GenerationFailed, match="unknown field model"):
        findings(server)


def test_the_command_prints_what_to_register(server, capsys):
    server.heeds -= {"min_p"}
    code, out, _ = run(capsys, "check_endpoint", "--base-url", server.url, "--model", "m")
    assert code == 0
    assert 'Register it with extra_capabilities=["top_k", "repetition_penalty"].' in " ".join(out.split())
    code, out, _ = run(capsys, "check_endpoint", "--base-url", server.url, "--model", "m", "--json")
    assert {one["setting"]: one["acts"] for one in json.loads(out)}["min_p"] is False


def test_a_server_that_is_away_is_one_line(server, capsys):
    server.refuses = {"model"}
    code, out, err = run(capsys, "check_endpoint", "--base-url", server.url, "--model", "m")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: The server could not be checked. ")
