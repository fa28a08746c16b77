"""Stored English sentences, told again in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils.translation import override
from pydantic_core import PydanticKnownError

from leaderboard.contracts.params import FAULTS, VALUE, InvalidInput, parse_params, sentence
from leaderboard.contracts.said import said
from leaderboard.web.heard import heard
from workers.decoding.best_of import BestOfParams
from workers.decoding.strategies import MinPParams


@pytest.fixture
def chinese() -> Iterator[None]:
    with override("zh-hans"):
        yield


def test_english_readers_get_what_is_stored():
    assert heard("It judged each pair once and in one order, so nothing of it varies.").startswith("It judged")
    assert heard(None) == heard("") == ""


def test_a_constant_sentence_is_looked_up(chinese):
    assert heard("the judge gave each verdict once") == "评审模型对每个判定只给过一次"


def test_a_sentence_with_values_is_known_by_its_fixed_words(chinese):
    assert heard("3 of 4 texts came again with the same seed.") == "用相同的种子，4 个文本中有 3 个再次出现。"


def test_sentences_within_a_sentence_are_told_too(chinese):
    waiting = "Waiting for budget: the judge has 1,200 tokens left, one more may take 3,000."
    assert heard(waiting) == "等待预算：该评审模型还剩 1,200 个词元，再做一个可能用 3,000 个。"
    refused = said("{setting}: {evidence}", setting="min_p", evidence=said("A penalty of 2"))
    assert heard(refused) == "min_p：惩罚 2"


def test_an_error_of_a_job_keeps_the_kind_of_its_fault(chinese):
    stored = "GenerationFailed: The variable A_KEY is not set on this worker."
    assert heard(stored) == "GenerationFailed: 此工作进程上未设置变量 A_KEY。"


def test_what_nobody_recognises_stays(chinese):
    assert heard("RuntimeError: the disk is full") == "RuntimeError: the disk is full"
    assert heard("Name") != "Name" and heard("name of a model") == "name of a model"


def test_a_fragment_that_became_a_sentence_is_recognised(chinese):
    with pytest.raises(InvalidInput) as caught:
        parse_params(BestOfParams, {"sampler": "temperature max_new_tokens=3"})
    (fault,) = caught.value.errors
    assert fault.message == "Set the longest output in its own field."
    assert heard(fault.message) == "最长输出请在它自己的字段中设置。"


@pytest.mark.parametrize(
    ("given", "english", "told"),
    [
        ({"min_p": 7}, "Input should be less than or equal to 1.", "输入应小于或等于 1。"),
        (
            {"min_p": "x"},
            "Input should be a valid number, unable to parse string as a number.",
            "输入应是数，无法把文本读作数。",
        ),
        ({"max_new_tokens": 0}, "Input should be greater than or equal to 1.", "输入应大于或等于 1。"),
        (
            {"max_new_tokens": 1.5},
            "Input should be a valid integer, got a number with a fractional part.",
            "输入应是整数，却带有小数部分。",
        ),
    ],
    ids=["less", "number", "greater", "integer"],
)
def test_faults_of_settings_are_told_by_their_kind(chinese, given, english, told):
    with pytest.raises(InvalidInput) as caught:
        parse_params(MinPParams, given)
    (fault,) = caught.value.errors
    assert fault.message == english and heard(fault.message) == told


CONTEXT = {
    **dict.fromkeys(("gt", "ge", "lt", "le", "multiple_of"), 2),
    **{"min_length": 2, "max_length": 2, "actual_length": 3, "field_type": "List", "pattern": "a+"},
    **{"expected": "'a' or 'b'", "discriminator": "'step'", "tag": "x", "expected_tags": "'a', 'b'"},
}


@pytest.mark.parametrize("kind", FAULTS)
def test_each_listed_fault_is_what_pydantic_says(kind):
    names = VALUE.findall(FAULTS[kind])
    given = {name: CONTEXT[name] for name in names}
    assert FAULTS[kind].format(**given) == sentence(PydanticKnownError(kind, given or None).message())
