"""How likely given texts are: against the model's own account of what it generated, and over HTTP."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from leaderboard.contracts.registry import generators
from leaderboard.contracts.values import DecodingChoice, FinishReason, GenerationRequest, Message
from workers.generators import likelihood
from workers.generators.errors import GenerationFailed

ASKED = (Message("user", "What is 17 + 25?"),)
TEXTS = ["So the answer is 42.", "42", "Bananas are yellow and I like them.", "So the answer is 41."]


@pytest.fixture(scope="module", autouse=True)
def no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def pebble():
    return generators.build("transformers", {"model": "pebble-m", "device": "cpu"})


def test_it_is_the_sum_over_the_texts_own_tokens(pebble):
    [one] = pebble.likelihoods([(ASKED, TEXTS[0])])
    prompt = pebble._encode(ASKED)
    text = pebble.tokenizer(TEXTS[0], add_special_tokens=False).input_ids
    total = 0.0
    for place, token in enumerate(text):
        logits = pebble.model(torch.tensor([prompt + text[:place]])).logits[0, -1]
        total += float(torch.log_softmax(logits.double(), -1)[token])
    assert (one.tokens, one.prompt_tokens) == (len(text), len(prompt))
    assert one.logprob == pytest.approx(total, abs=1e-3)
    assert one.mean == one.logprob / one.tokens


def test_it_is_what_the_engine_says_of_a_text_that_it_made_itself(pebble):
    choice = DecodingChoice("greedy", {"max_new_tokens": 6})
    [made] = pebble.generate([GenerationRequest("k", ASKED, choice, "n")])
    assert made.finish_reason is FinishReason.LENGTH
    [one] = pebble.likelihoods([(ASKED, made.text)])
    assert one.tokens == made.output_tokens
    assert one.logprob == pytest.approx(made.logprob, abs=1e-3)


def test_a_text_has_the_same_number_alone_and_among_others(pebble, monkeypatch):
    items = [(ASKED, text) for text in TEXTS] + [((*ASKED, Message("assistant", "42."), *ASKED), TEXTS[1])]
    together = pebble.likelihoods(items)
    monkeypatch.setattr(likelihood, "MOST_LOGITS", 1)
    alone = pebble.likelihoods(items)
    assert [one.tokens for one in together] == [one.tokens for one in alone]
    assert [one.logprob for one in together] == pytest.approx([one.logprob for one in alone], abs=1e-4)
    assert len({one.logprob for one in together}) == len(items)


def test_what_does_not_fit_or_is_empty_has_no_number(pebble):
    long, empty, good = pebble.likelihoods([(ASKED, "4 " * 5000), (ASKED, ""), (ASKED, "42")])
    assert (long.logprob, long.mean) == (None, None)
    assert (empty.logprob, empty.tokens) == (None, 0)
    assert good.logprob < 0


class Served:
    """Tells of prompts as vLLM does: each letter is a token, the likelier the later in the alphabet."""

    def __init__(self, tells=True):
        self.tells, self.url, self.requests = tells, "", []

    def answer(self, request):
        self.requests.append(request)
        text = "".join(f"<{one['role']}>{one['content']}" for one in request["messages"])
        if request.get("add_generation_prompt", True):
            text += "<assistant>"
        told = {"model": "m", "choices": [], "usage": {"prompt_tokens": len(text), "completion_tokens": 1}}
        if self.tells and "prompt_logprobs" in request:
            rows = [{str(ord(c)): {"logprob": (ord(c) - 123) / 10, "rank": 1, "decoded_token": c}} for c in text]
            told["prompt_logprobs"] = [None, *rows[1:]]
        return told


@pytest.fixture
def serve(monkeypatch):
    https = []

    def serve(served):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body = json.dumps(served.answer(request)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        https.append(http)
        served.url = f"http://127.0.0.1:{http.server_port}/v1"
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", served.url)
        params = {"base_url": served.url, "model": "m", "extra_capabilities": ["prompt_logprobs"]}
        return generators.build("openai", params)

    yield serve
    for http in https:
        http.shutdown()
        http.server_close()


def test_a_server_tells_of_the_answer_alone(serve):
    served = Served()
    found = serve(served).likelihoods([(ASKED, "zz"), (ASKED, "aaa")])
    assert [(one.tokens, one.logprob) for one in found] == [(2, pytest.approx(-0.2)), (3, pytest.approx(-7.8))]
    assert {one.prompt_tokens for one in found} == {len("<user>What is 17 + 25?<assistant>")}
    whole = [one for one in served.requests if "prompt_logprobs" in one]
    assert all(one["continue_final_message"] and not one["add_generation_prompt"] for one in whole)


def test_a_server_that_tells_nothing_of_prompts_is_a_fault(serve):
    with pytest.raises(GenerationFailed, match="no log-probabilities of prompts"):
        serve(Served(tells=False)).likelihoods([(ASKED, "zz")])
