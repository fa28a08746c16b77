"""SacreBLEU of single outputs."""

from __future__ import annotations

import math

import pytest
from sacrebleu import sentence_bleu

from judges.metrics.sacrebleu import SacreBleu, SacreBleuParams
from leaderboard.contracts import conformance
from leaderboard.contracts.registry import metrics
from leaderboard.contracts.values import Scored

REFERENCE = "The cat sat on the mat."


def metric(**params):
    return SacreBleu(SacreBleuParams(**params))


def score(text, reference=REFERENCE, **params):
    return metric(**params).score(prompt="", reference=reference, text=text)


def test_a_small_pair_by_hand():
    # Of 6 tokens 5 match, of the longer n-grams 3/5, 2/4 and 1/3; both texts have 6 tokens.
    wanted = math.prod([5 / 6, 3 / 5, 2 / 4, 1 / 3]) ** 0.25
    assert score("the cat sat on the mat", "the cat sat on a mat").value == pytest.approx(wanted)


@pytest.mark.parametrize("text", ["The cat sat.", "the cat SAT on a mat.", "A dog."])
def test_the_value_is_the_librarys_own_over_a_hundred(text):
    assert score(text).value == pytest.approx(sentence_bleu(text, [REFERENCE]).score / 100)


def test_the_reference_itself_scores_one():
    assert score(REFERENCE) == Scored(1.0)


def test_an_empty_output_scores_zero():
    assert score("") == Scored(0.0)


def test_without_a_reference_an_output_is_unscored():
    assert score("cat", " ") == Scored(None, "no reference")


def test_case_counts_unless_folded():
    assert score(REFERENCE.upper()).value < 0.2
    assert score(REFERENCE.upper(), lowercase=True).value == 1.0


def test_the_signature_names_the_settings_and_the_library():
    found = dict(part.split(":") for part in metric(tokenize="char", lowercase=True).signature.split("|"))
    assert found.pop("version") in SacreBleu.version
    assert found == {"nrefs": "1", "case": "lc", "eff": "yes", "tok": "char", "smooth": "exp"}


def test_the_plugin_conforms():
    conformance.check_registered(metrics, SacreBleu)
    conformance.check_metric(metrics.get("sacrebleu"))
