"""The `best-of-n` strategy: its settings, its candidates' configuration, its refusals."""

from __future__ import annotations

import pytest

from leaderboard.contracts import registry
from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.protocols import Capability


def built(**params):
    return registry.decoding.build("best-of-n", params)


def test_the_candidates_are_those_of_the_samplers_own_entry():
    pool = built(sampler="min-p temperature=2 min_p=0.1", max_new_tokens=96).pool
    alone = registry.decoding.parse("min-p", {"temperature": 2, "min_p": 0.1, "max_new_tokens": 96})
    mine = registry.decoding.parse(pool.strategy, pool.params)
    assert (pool.strategy, mine) == ("min-p", alone)


def test_two_ways_of_writing_have_one_fingerprint():
    prints = {
        registry.decoding.fingerprint("best-of-n", built(sampler=text).params)
        for text in ("top-p p=0.9 temperature=2", "  top-p temperature=2.0   p=0.9 repetition_penalty=1")
    }
    assert len(prints) == 1


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({}, "best of 4 · majority · T 1"),
        ({"n": 16, "selector": "likelihood", "sampler": "top-p p=0.9"}, "best of 16 · likelihood · T 1 · top-p 0.9"),
    ],
)
def test_the_label_names_number_selector_and_sampler(given, label):
    assert built(**given).label == label


def test_a_long_label_is_cut():
    steps = '["repetition-penalty 1.2", "temperature 2", "top-k 400", "min-p 0.05"]'
    label = built(sampler=f"chain steps={steps}").label
    assert (len(label), label[-1]) == (60, "…")


def test_what_the_backend_must_do_is_what_sampler_and_selector_need():
    assert built(sampler="min-p").needs() == {Capability.MIN_P}
    assert built(sampler="min-p", selector="likelihood").needs() == {Capability.MIN_P, Capability.LOOP}


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"sampler": "greedy"}, "", "always gives the same output"),
        ({"sampler": "temperature temperature=0"}, "", "always gives the same output"),
        ({"sampler": "beam"}, "", "always gives the same output"),
        ({"sampler": "min-q"}, "sampler", "There is no decoding plugin 'min-q'. Did you mean 'min-p'?"),
        ({"sampler": "min-p min_p=2"}, "sampler", "less than or equal to 1"),
        ({"sampler": "top-p p"}, "sampler", "name=value"),
        ({"sampler": "temperature max_new_tokens=9"}, "sampler", "in its own field"),
        ({"sampler": "best-of-n"}, "sampler", "ask for more candidates"),
        ({"selector": "oracle"}, "selector", "upper bound and no method"),
        ({"selector": "majoritty"}, "selector", "Did you mean 'majority'?"),
        ({"n": 1}, "n", "greater than or equal to 2"),
    ],
)
def test_what_cannot_be_is_refused_on_its_field(given, field, words):
    with pytest.raises(InvalidInput) as caught:
        built(**given)
    (error,) = caught.value.errors
    assert (".".join(map(str, error.path)), words in error.message) == (field, True), error
