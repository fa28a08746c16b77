import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.metrics.extract import check, extract_answer, same_answer

MARKER = "answer is"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("2 + 2 = 4. So the answer is 4.", "4"),
        ("So the answer is 4. That is all.", "4"),
        ("The ANSWER IS 7! Easy once you see it!", "7"),
        ("I think the answer is 3. No: the answer is 5", "5"),
        ("The answer is 3.5 metres.", "3.5 metres"),
        ("The answer is: 1,200.", "1,200"),
        ("The answer is 7, 19, 42.\nDone.", "7, 19, 42"),
        ("The answer is **21 August**.", "**21 August**"),
        ("the answer is 9\nthe end", "9"),
    ],
)
def test_the_answer_follows_the_last_marker(text, answer):
    assert extract_answer(text, MARKER) == answer


@pytest.mark.parametrize("text", ["", "42", "the answer", "So the answer is", "So the answer is .", "answer is\n5"])
def test_no_answer_is_found_where_none_is_stated(text):
    assert extract_answer(text, MARKER) is None
    assert check(text, "5", MARKER).right is False


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("42.0", "42"),
        ("1,200", "1200"),
        ("$1,200.50", "1200.5"),
        ("+3", "3"),
        ("\u22125", "-5"),
        (".5", "0.50"),
        ("007", "7"),
        ("４２", "42"),
        ("'r  e i s'", "R e i s"),
        ("7, 19.0, 42", "7, 19, 42"),
        ("7,19,42", "7, 19, 42"),
        ("100,200", "100, 200"),
        ("1200", "1,200"),
        ("**Monday**", "monday"),
        ("50%", "50"),
    ],
)
def test_the_same_meaning_matches(answer, reference):
    assert same_answer(answer, reference)


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("-5", "5"),
        ("42", "4"),
        ("100, 200", "100200"),
        ("7, 42, 19", "7, 19, 42"),
        ("7, 19", "7, 19, 42"),
        ("12,00", "1200"),
        ("42 apples", "42"),
        ("C++", "C"),
        ("1e3", "1000"),
        ("nan", "NaN5"),
        ("", "0"),
    ],
)
def test_another_meaning_does_not(answer, reference):
    assert not same_answer(answer, reference)


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_text_is_judged_without_a_fault(text, reference):
    assert check(f"{text} answer is {reference}", reference, MARKER).found != ""


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9))
def test_a_number_matches_itself_in_any_writing(value):
    assert same_answer(f"{value:,}", str(value))
    assert same_answer(f"{value:+.4f}", str(value))
    assert not same_answer(str(value + 1), str(value))
