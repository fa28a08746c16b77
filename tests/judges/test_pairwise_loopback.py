"""The judge end to end: our prompt over HTTP to a server that reads it, and its log-probabilities back."""

import importlib.util
from dataclasses import replace

import pytest

from leaderboard.contracts.registry import judges
from leaderboard.contracts.values import Pair, VerdictState
from tests.judges.loopback import LengthJudge, completion, serve

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("workers.generators.openai_client") is None,
    reason="the openai generator is not there yet",
)

LONG, SHORT = 'A long answer:\n"with quotes" and\u2028separators.', "Short."
PAIRS = [Pair(f"p{i}", f"Question {i}?", *texts) for i, texts in enumerate([(LONG, SHORT), (SHORT, LONG)] * 8)]
BOTH = [*PAIRS, *(replace(pair, key=f"{pair.key}-swapped", swapped=True) for pair in PAIRS)]


@pytest.fixture
def judged(monkeypatch):
    def judged(server, pairs=BOTH, **params):
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        monkeypatch.setenv("TOUCHSTONE_KEY_X", "sk-secret")
        model = {"base_url": server.url, "model": "judge-1", "api_key": "env:TOUCHSTONE_KEY_X"}
        judge = judges.build("pairwise-llm", {"generator": "openai", "generator_params": model, **params})
        return {verdict.key: verdict for verdict in judge.judge(pairs)}

    return judged


@pytest.mark.parametrize("slot_names", ["random", "alpacaeval"])
def test_the_longer_answer_wins_in_both_orders(judged, slot_names):
    with serve(LengthJudge(strength=2.0)) as server:
        verdicts = judged(server, slot_names=slot_names)
    assert set(verdicts) == {pair.key for pair in BOTH}
    for pair in BOTH:
        expected = 0.880797 if pair.answer_a == LONG else 0.119203
        assert verdicts[pair.key].credit_a == pytest.approx(expected, abs=1e-6)


def test_a_liking_for_one_place_shows_in_each_order_and_cancels_over_both(judged):
    with serve(LengthJudge(strength=0.0, bias=3.0)) as server:
        verdicts = judged(server)
    for pair in PAIRS:
        shown, swapped = verdicts[pair.key].credit_a, verdicts[f"{pair.key}-swapped"].credit_a
        assert shown == pytest.approx(0.952574, abs=1e-6)
        assert (shown + swapped) / 2 == pytest.approx(0.5)


def test_what_is_sent_and_what_comes_back(judged):
    with serve(LengthJudge()) as server:
        verdicts = judged(server, pairs=PAIRS[:1])
    (request,) = server.requests
    assert request["path"] == "/v1/chat/completions"
    assert request["key"] == "Bearer sk-secret"
    assert request["model"] == "judge-1"
    assert request.get("max_tokens", request.get("max_completion_tokens")) == 1
    assert (request["logprobs"], request["top_logprobs"], request["temperature"]) == (True, 20, 0)
    assert (verdicts["p0"].prompt_tokens, verdicts["p0"].output_tokens) == (321, 1)
    assert "sk-secret" not in repr(verdicts)


def test_an_answer_off_the_list_is_unparsed(judged):
    class Chatty(LengthJudge):
        def reply(self, request):
            return completion(request, [("Well", -0.1), ("I", -3.0)])

    with serve(Chatty()) as server:
        verdicts = judged(server, pairs=PAIRS[:1])
    assert (verdicts["p0"].state, verdicts["p0"].credit_a) == (VerdictState.UNPARSED, None)


def test_a_server_without_log_probabilities_is_told_apart(judged):
    class Silent(LengthJudge):
        def reply(self, request):
            answer = super().reply(request)
            answer["choices"][0]["logprobs"] = None
            return answer

    with serve(Silent()) as server:
        verdicts = judged(server, pairs=PAIRS[:1])
    assert verdicts["p0"].state == VerdictState.NO_LOGPROBS
