"""A JSON schema of the reply is sent where the server is declared to take one, and never left out in silence."""

from __future__ import annotations

import pytest

from leaderboard.contracts.registry import generators, judges, metrics
from leaderboard.contracts.values import DecodingChoice, GenerationRequest, Message, Pair, VerdictState
from tests.conftest import ROOT
from tests.judges.loopback import WritingJudge, serve
from workers.generators.errors import GenerationFailed

PAIR = Pair("k", "Why?", "Because it rains and rains.", "No idea.")
SCALE = {"scale": "1 is bad, 5 is good."}
KINDS = {"checklist": {}, "checklist-score": {}, "rubric": SCALE}


@pytest.fixture
def settings(monkeypatch):
    def settings(server, *extra, **params):
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        model = {"base_url": server.url, "model": "judge-1", "extra_capabilities": list(extra)}
        return {"generator": "openai", "generator_params": model, **params}

    return settings


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("structured", [True, False])
def test_the_schema_is_sent_where_it_is_asked_for(settings, name, structured):
    with serve(WritingJudge()) as server:
        params = settings(server, "json_schema", structured=structured, **KINDS[name])
        (verdict,) = judges.build(name, params).judge([PAIR])
    assert verdict.state is VerdictState.SCORED
    formats = [request.get("response_format") for request in server.requests]
    if not structured:
        assert set(formats) == {None}
        return
    for asked in formats:
        schema = asked["json_schema"]["schema"]
        assert (asked["type"], asked["json_schema"]["strict"]) == ("json_schema", True)
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])
        assert "code" in schema["properties"]


def test_a_metric_sends_it_too(settings):
    with serve(WritingJudge()) as server:
        metric = metrics.build("rubric", settings(server, "json_schema", structured=True, **SCALE))
        metric.score(prompt="?", reference="", text="x")
    assert set(server.requests[0]["response_format"]["json_schema"]["schema"]["properties"]) == {
        "reason",
        "score",
        "code",
    }


def test_a_server_that_is_not_declared_to_take_it_is_not_asked(settings):
    with serve(WritingJudge()) as server:
        judge = judges.build("checklist", settings(server, structured=True))
        with pytest.raises(GenerationFailed, match="json_schema in extra_capabilities"):
            list(judge.judge([PAIR]))
    assert server.requests == []


def test_our_own_backend_says_that_it_cannot():
    generator = generators.build("transformers", {"model": str(ROOT / "models" / "pebble-s")})
    request = GenerationRequest(
        "k", (Message("user", "Hi"),), DecodingChoice("greedy", {"max_new_tokens": 2}), "n", schema={"type": "object"}
    )
    with pytest.raises(GenerationFailed, match="cannot hold an output to a JSON schema"):
        list(generator.generate([request]))
