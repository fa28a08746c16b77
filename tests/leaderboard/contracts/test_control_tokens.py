"""Control tokens that a text spells out stay text."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from leaderboard.contracts.control_tokens import control_tokens, plain_text


class Added(str):
    """A token as a tokenizer tells it."""

    special = True


def tokenizer(*tokens, plain=()):
    rows = [Added(token) for token in tokens]
    for token in plain:
        rows.append(Added(token))
        rows[-1].special = False
    return SimpleNamespace(added_tokens_decoder=dict(enumerate(rows)))


def test_special_tokens_come_the_longest_first_and_others_are_left_out():
    assert control_tokens(tokenizer("|", "</s>", "<|end|>", plain=["<tool>"])) == ("<|end|>", "</s>")


def test_a_token_that_is_spelled_out_gets_a_space():
    tokens = ("<|end|>", "</s>")
    assert plain_text("5<|end|><|end|></s> a < b <| c", tokens) == "5< |end|>< |end|>< /s> a < b <| c"


@given(st.lists(st.sampled_from(["<|end|>", "<|end", "</s>", "<", "|>", "s>", " ", "x"]), max_size=12).map("".join))
def test_no_token_is_left_and_nothing_but_spaces_is_put_in(text):
    tokens = ("<|end|>", "<|end", "</s>")
    made = plain_text(text, tokens)
    assert not any(token in made for token in tokens)
    assert made.replace(" ", "") == text.replace(" ", "")
