"""The check against a real loopback server that samples from a toy distribution and heeds what the test allows."""

from __future__ import annotations

import itertools
import json
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from leaderboard.contracts.registry import generators
from tests.leaderboard.commands.test_commands import run
from workers.generators.endpoint_check import check
from workers.generators.errors import GenerationFailed

PENALTIES = frozenset({"repetition_penalty", "frequency_penalty", "presence_penalty"})
ALL = frozenset({"temperature", "seed", "n", "logprobs", "top_p", "top_k", "min_p", "logits", *PENALTIES})
WORDS = ("red", "blue", "green", "grey", "pink")


def text_of(body, heeds, choice):
    """Eight words; the first of `WORDS` is the likeliest at every place."""
    hot = body.get("temperature", 1.0) > 0 and "temperature" in heeds
    cut = (
        ("top_p" in heeds and body.get("top_p", 1.0) < 0.01)
        or ("top_k" in heeds and body.get("top_k") == 1)
        or ("min_p" in heeds and body.get("min_p", 0.0) >= 1.0)
        or strategy_of(body, heeds) == "top-nsigma"
    )
    penalised = any(name in heeds and body.get(name, 0.0) > 1 for name in PENALTIES)
    if not hot or cut:
        return " ".join(WORDS[place % 5] if penalised else WORDS[0] for place in range(8))
    source = random.Random(f"{body.get('seed')} {choice}") if "seed" in heeds else random.Random()
    drawn = [source.choice(WORDS) for _ in range(8)]
    return " ".join(sorted(set(drawn)) if penalised else drawn)


def strategy_of(body, heeds):
    """What our processors would be asked for, on a server that runs them."""
    asked = body.get("vllm_xargs", {}).get("touchstone") if "logits" in heeds else None
    return json.loads(asked)["strategy"] if asked else ""


@pytest.fixture
def server(monkeypatch):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            httpd.calls.append(body)
            refused = next((f"unknown field {name}" for name in httpd.refuses if name in body), None)
            if strategy_of(body, httpd.heeds) == "no-such-strategy":
                refused = "There is no decoding plugin 'no-such-strategy'."
            status, reply = (400, {"error": {"message": refused}}) if refused else (200, answer(body))
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
        text = text_of(body, httpd.heeds, place) + (f" {next(counter)}" if httpd.flutters else "")
        return {**found, "message": {"role": "assistant", "content": text}}

    counter = itertools.count()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.heeds, httpd.refuses, httpd.calls, httpd.flutters = set(ALL), set(), [], False
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


@pytest.mark.parametrize("name", sorted(ALL - {"temperature", "seed"}))
def test_what_is_swallowed_is_told_and_nothing_else(server, name):
    server.heeds -= {name}
    found = findings(server)
    assert {setting for setting, one in found.items() if not one.acts} == {name}


def test_without_seeds_a_presence_penalty_cannot_be_told(server):
    server.heeds -= {"seed"}
    found = findings(server)
    assert {name: one.state for name, one in found.items() if not one.acts} == {
        "seed": "ignored",
        "presence_penalty": "unknown",
    }


def test_a_server_whose_greedy_texts_differ_is_told_nothing_of_penalties(server):
    server.flutters = True
    found = findings(server)
    assert found["greedy"].acts is False
    assert (found["repetition_penalty"].state, found["frequency_penalty"].state) == ("unknown", "unknown")


def test_a_server_that_refuses_every_xarg_runs_no_processors(server):
    server.refuses = {"vllm_xargs"}
    found = findings(server)["logits"]
    assert (found.state, "unknown field vllm_xargs" in found.evidence) == ("refused", True)


def test_without_temperature_what_hangs_on_it_is_unknown(server):
    server.heeds -= {"temperature"}
    found = findings(server)
    assert found["temperature"].acts is False
    assert found["temperature"].evidence == "3 calls at temperature 2 gave the greedy text."
    unknown = {"seed", "top_p", "top_k", "min_p", "presence_penalty"}
    assert {name for name, one in found.items() if one.acts is None} == unknown


def test_a_refusal_is_told_in_the_servers_words(server):
    server.refuses = {"min_p"}
    found = findings(server)["min_p"]
    assert (found.acts, found.state) == (False, "refused")
    assert found.stored == {"setting": "min_p", "state": "refused", "evidence": found.evidence}
    assert "unknown field min_p" in found.evidence


def test_a_server_that_answers_nothing_fails(server):
    server.refuses = {"model"}
    with pytest.raises(GenerationFailed, match="unknown field model"):
        findings(server)


@pytest.mark.django_db(transaction=True)
def test_the_command_prints_what_to_register(server, capsys):
    server.heeds -= {"min_p"}
    code, out, _ = run(capsys, "check_endpoint", "--base-url", server.url, "--model", "m")
    assert code == 0
    extra = '["top_k", "repetition_penalty", "frequency_penalty", "presence_penalty", "logits"]'
    assert f"Register it with extra_capabilities={extra}." in " ".join(out.split())
    code, out, _ = run(capsys, "check_endpoint", "--base-url", server.url, "--model", "m", "--json")
    assert {one["setting"]: one["acts"] for one in json.loads(out)}["min_p"] is False


@pytest.mark.django_db(transaction=True)
def test_the_command_keeps_what_it_found_where_it_is_told_to(server, capsys):
    from leaderboard.models import EndpointCheck

    server.heeds -= {"min_p"}
    run(capsys, "check_endpoint", "--base-url", server.url, "--model", "m")
    assert not EndpointCheck.objects.exists()
    code, out, _ = run(capsys, "check_endpoint", "--base-url", server.url + "/", "--model", "m", "--store")
    assert (code, "Kept: submissions to this endpoint heed it." in " ".join(out.split())) == (0, True)
    kept = EndpointCheck.objects.get()
    assert (kept.endpoint, kept.model, kept.user) == (server.url, "m", None)
    states = {one["setting"]: one["state"] for one in kept.findings}
    assert states == {"greedy": "acts", **dict.fromkeys(ALL, "acts"), "min_p": "ignored"}


@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_away_is_one_line(server, capsys):
    server.refuses = {"model"}
    code, out, err = run(capsys, "check_endpoint", "--base-url", server.url, "--model", "m")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: The server could not be checked. ")
