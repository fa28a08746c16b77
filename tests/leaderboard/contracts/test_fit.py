"""What a backend is refused for, in which words, and what is offered instead."""

from __future__ import annotations

from typing import Any

import pytest

from leaderboard.contracts import fit
from leaderboard.contracts.registry import decoding, generators
from tests.workers.decoding.rows import settings_of

DECLARE = "If the server does run it, name {} among its extra capabilities, or have it checked."
ELSEWHERE = "run the model with 'transformers'."


@pytest.fixture(autouse=True)
def approved(monkeypatch):
    monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", "http://server/v1")


def server(*extra, heats="first", checked=None):
    """An OpenAI-compatible server with these extra capabilities."""
    kind: Any = generators.get("openai")
    given = {"base_url": "http://server/v1", "model": "m", "extra_capabilities": list(extra), "heats": heats}
    return fit.Backend(kind, generators.parse("openai", given), checked or fit.Checked())


def refused(backend, strategy, **params):
    return fit.refusal(backend, decoding.build(strategy, params))


@pytest.mark.parametrize(
    ("extra", "strategy", "params"),
    [
        ((), "greedy", {}),
        ((), "top-p", {"temperature": 2.0}),
        (("min_p",), "min-p", {}),
        (("presence_penalty",), "penalties", {}),
        (("presence_penalty", "frequency_penalty"), "penalties", {"frequency_penalty": 0.1}),
        (("logits",), "edt", {}),
        (("logits",), "top-nsigma", {}),
        (("logits",), "min-p", {}),
        (("logits",), "chain", {"steps": ["typical 0.9", "min-p 0.1"]}),
        ((), "mirostat", {"temperature": 0}),
    ],
)
def test_what_a_server_heeds_runs_there(extra, strategy, params):
    assert refused(server(*extra), strategy, **params) == ""


@pytest.mark.parametrize(
    ("extra", "strategy", "params", "reason", "missing", "instead"),
    [
        ((), "min-p", {"temperature": 2}, "The backend 'openai' would ignore min_p.", "min_p", "T 2 · top-p 0.9"),
        (
            (),
            "penalties",
            {"frequency_penalty": 1, "temperature": 0.5},
            "The backend 'openai' would ignore frequency_penalty and presence_penalty.",
            "frequency_penalty and presence_penalty",
            "T 0.5",
        ),
        (
            ("presence_penalty",),
            "penalties",
            {"frequency_penalty": 1},
            "The backend 'openai' would ignore frequency_penalty.",
            "frequency_penalty",
            "T 1 · pres 0.5",
        ),
        (
            (),
            "top-p",
            {"repetition_penalty": 1.2},
            "The backend 'openai' would ignore repetition_penalty.",
            "repetition_penalty",
            "T 1 · top-p 0.9",
        ),
        (
            (),
            "edt",
            {"t0": 0.7},
            "'EDT 0.7, θ 0.1' needs our own functions over the logits, which the backend 'openai' does not run.",
            "logits",
            "T 0.7",
        ),
        (
            (),
            "chain",
            {"steps": ["temperature 1.5", "top-p 0.9", "typical 0.9"]},
            "'T 1.5 · top-p 0.9 · typical 0.9' needs our own functions over the logits, which the backend 'openai' "
            "does not run.",
            "logits",
            "T 1.5 · top-p 0.9",
        ),
        (
            (),
            "best-of-n",
            {"sampler": "min-p"},
            "The backend 'openai' would ignore min_p.",
            "min_p",
            "best of 4 · majority · T 1 · top-p 0.9",
        ),
    ],
)
def test_what_a_server_may_lack_is_told_with_the_nearest_that_runs(extra, strategy, params, reason, missing, instead):
    wanted = f"{reason} {DECLARE.format(missing)} '{instead}' would run here; or {ELSEWHERE}"
    assert refused(server(*extra), strategy, **params) == wanted


@pytest.mark.parametrize(
    ("strategy", "label", "instead"),
    [
        ("beam", "beam 4 · λ 1", "greedy"),
        ("contrastive", "contrastive k 4 α 0.6", "greedy"),
        ("dola", "DoLa high · rep 1.2", "greedy · rep 1.2"),
        ("kld", "KLD T 1 · σ 1", "T 1"),
        ("mirostat", "T 1 · mirostat 5, η 0.1", "T 1 · top-p 0.9"),
    ],
)
def test_no_declaration_lets_a_server_read_more_than_logits(strategy, label, instead):
    backend = server("logits", "repetition_penalty")
    reason = f"'{label}' needs our own loop over the model, which the backend 'openai' does not run."
    assert refused(backend, strategy) == f"{reason} '{instead}' would run here; or {ELSEWHERE}"


def test_a_server_that_heats_last_is_refused_what_no_request_can_say():
    late = "A server that heats last has no top-p that equals this one at temperature 1.5."
    told = refused(server("min_p", heats="last"), "top-p", temperature=1.5)
    assert told == f"{late} 'T 1.5 · min-p 0.1' would run here; or {ELSEWHERE}"
    told = refused(server(heats="last"), "top-p", temperature=1.5)
    assert told == f"{late} 'T 1.5' would run here; or {ELSEWHERE}"
    assert refused(server(heats="last"), "top-p") == ""
    assert refused(server("min_p", heats="last"), "min-p", temperature=1.5) == ""


def checked(acts=(), **ignored):
    return fit.Checked(frozenset(acts), ignored, "See /endpoints/.")


def test_what_a_check_found_acting_need_not_be_declared():
    assert refused(server(checked=checked(["min_p"])), "min-p") == ""
    assert refused(server(checked=checked(["logits"])), "edt") == ""


def test_what_a_check_found_ignored_is_refused_though_declared():
    told = refused(server("min_p", checked=checked(min_p="0 of 3 texts changed.")), "min-p")
    found = "A check found that min_p does not act on this server. min_p: 0 of 3 texts changed. See /endpoints/."
    assert told == f"{found} 'T 1 · top-p 0.9' would run here; or {ELSEWHERE}"


def test_a_server_that_ignores_the_temperature_can_only_be_greedy():
    backend = server(checked=checked(temperature="3 calls gave one text."))
    assert refused(backend, "top-p").startswith("A check found that temperature does not act on this server.")
    assert refused(backend, "top-p").endswith(f"See /endpoints/. R{ELSEWHERE[1:]}")
    assert refused(backend, "greedy") == ""


@pytest.mark.parametrize("name", decoding.names())
def test_what_is_offered_instead_does_run(name):
    for settings in ({}, settings_of(name)):
        asked = decoding.build(name, settings)
        for backend in (server(), server("min_p", "top_k"), server("logits"), server("min_p", heats="last")):
            other = fit.nearest(backend, asked)
            told = fit.refusal(backend, asked)
            assert other is None or (fit.refusal(backend, other) == "" and other.samples == asked.samples)
            assert not told or other is None or f"'{other.label}' would run here" in told


def test_our_own_engine_runs_everything():
    kind = generators.get("transformers")
    backend = fit.Backend(kind, generators.parse("transformers", {"model": "pebble-s"}))
    assert {name: fit.refusal(backend, decoding.build(name, settings_of(name))) for name in decoding.names()} == (
        dict.fromkeys(decoding.names(), "")
    )


def test_a_plugin_that_names_nothing_near_is_refused_without_an_offer():
    class Odd:
        name, samples, label = "odd", True, "odd"

        def needs(self):
            return frozenset({"loop"})

    told = fit.refusal(server(), Odd())
    assert told == "'odd' needs our own loop over the model, which the backend 'openai' does not run. R" + ELSEWHERE[1:]
