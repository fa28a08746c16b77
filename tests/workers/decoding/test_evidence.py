"""What counts as marked evidence in a prompt."""

from __future__ import annotations

import pytest

from leaderboard.contracts.values import Message
from workers.decoding.evidence import with_evidence, without_evidence


@pytest.mark.parametrize(
    ("text", "shown", "rest"),
    [
        ("no marks", "no marks", "no marks"),
        ("a <evidence>b</evidence> c", "a b c", "a  c"),
        ("<evidence>a\nb</evidence>", "a\nb", ""),
        ("<evidence>a</evidence>b<evidence>c</evidence>d", "abcd", "bd"),
        ("a <evidence>b", "a <evidence>b", "a <evidence>b"),
        ("a</evidence> <evidence>b</evidence>", "a</evidence> b", "a</evidence> "),
        ("<evidence></evidence>x", "x", "x"),
        ("<EVIDENCE>a</EVIDENCE>", "<EVIDENCE>a</EVIDENCE>", "<EVIDENCE>a</EVIDENCE>"),
    ],
)
def test_marks_and_spans(text, shown, rest):
    messages = (Message("system", text), Message("user", text))
    assert [message.content for message in with_evidence(messages)] == [shown] * 2
    assert [message.content for message in without_evidence(messages)] == [rest] * 2
    assert [message.role for message in with_evidence(messages)] == ["system", "user"]
