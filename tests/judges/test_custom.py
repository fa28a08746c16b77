"""Prompts of the operator's own: faults told on the field, and everything else as with the built-in judges."""

from __future__ import annotations

import pytest

from leaderboard.contracts.conformance import check_judge
from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.registry import generators, judges
from leaderboard.contracts.values import FinishReason, Pair, VerdictState
from tests.judges.fakes import fake, reply
from tests.judges.loopback import LengthJudge, WritingJudge, serve

SHOWN = "{{question}}\n\n{{first}}\n\n{{second}}\n\n"
SCALE = SHOWN + "Say [[{{name_1}}>>{{name_2}}{{mark}}]] or so. A brace { alone and {one} are text."
CHOICE = SHOWN + "Say [[{{name_1}}{{mark}}]] or [[{{name_2}}{{mark}}]] or [[C{{mark}}]]."
JSON = SHOWN + '{"analysis": "", "choice": "..."{{member}}}: {{name_1}}++, {{name_2}}++ and so on.'
TOKEN = SHOWN + "Reply with {{name_1}} or {{name_2}}."
PAIR = Pair("k", "Why?", "Because it rains.", "No {{question}} idea.")


def settings(**more):
    return {"generator": "fake", "user": SCALE, "slot_names": "published", **more}


def run(text, **more):
    kind = fake(lambda request: reply(request, text=text, finish_reason=FinishReason.STOP))
    with generators.override(kind):
        (verdict,) = judges.build("custom", settings(**more)).judge([PAIR])
    return verdict, kind.asked[0].messages


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"user": "Hello"}, "user", "lacks {{first}}"),
        ({"user": SCALE.replace("{{name_2}}", "B")}, "user", "lacks {{name_2}}"),
        ({"user": SCALE + "{{answer}}"}, "user", "no placeholder {{answer}}"),
        ({"system": "{{persona}}"}, "system", "no placeholder {{persona}}"),
        ({"user": SCALE.replace("{{mark}}", ""), "slot_names": "random"}, "user", "lacks {{mark}}"),
        ({"user": SCALE, "reply": "json", "slot_names": "random"}, "user", "lacks {{member}}"),
        ({"label_1": "X"}, "label_2", "two different labels, or none"),
        ({"label_1": "X", "label_2": "X"}, "label_2", "two different labels"),
        ({"label_2": "X"}, "label_2", "two different labels"),
        ({"label_1": "C", "label_2": "D"}, "label_1", "name of a tie"),
        ({"label_1": "[[", "label_2": "D"}, "label_1", "letters and digits"),
        ({"reply": "essay"}, "reply", ""),
        ({"user": ""}, "user", ""),
    ],
)
def test_a_fault_is_told_on_its_field(change, field, words):
    with pytest.raises(InvalidInput) as caught:
        judges.parse("custom", settings(**change))
    assert (field, True) in [(str(error.path[0]), words in error.message) for error in caught.value.errors]


@pytest.mark.parametrize(
    ("form", "user", "text", "credit"),
    [
        ("scale", SCALE, "[[A>B]]", 0.75),
        ("choice", CHOICE, "[[B]]", 0.0),
        ("json", JSON, '{"choice": "B+"}', 0.25),
    ],
)
def test_each_format_is_read(form, user, text, credit):
    assert run(text, reply=form, user=user)[0].credit_a == credit


def test_what_is_filled_in_is_quoted_and_never_searched_for_placeholders():
    _, (message,) = run("[[A>B]]")
    assert '"No {{question}} idea."' in message.content
    assert "A brace { alone and {one} are text." in message.content
    assert message.content.count('"Why?"') == 1


def test_system_text_is_sent_where_there_is_one_and_labels_replace_names():
    verdict, messages = run("[[good>evil]]", system="Be strict.", label_1="good", label_2="evil")
    assert [message.role for message in messages] == ["system", "user"]
    assert (verdict.credit_a, verdict.evidence["slot_names"]) == (0.75, ["good", "evil"])


def test_another_wording_is_another_judge():
    one, other = (judges.fingerprint("custom", judges.parse("custom", settings(user=user))) for user in (SCALE, CHOICE))
    assert one != other
    assert (
        run("[[A>B]]")[0].evidence["prompt_digest"]
        != run("[[A]]", user=CHOICE, reply="choice")[0].evidence["prompt_digest"]
    )


def test_a_reply_off_the_format_is_unparsed():
    assert run("A is better")[0].state is VerdictState.UNPARSED


@pytest.mark.parametrize("slot_names", ["random", "published"])
@pytest.mark.parametrize(("form", "user"), [("scale", SCALE), ("choice", CHOICE), ("json", JSON), ("one-token", TOKEN)])
def test_it_keeps_the_contract_over_a_real_server(monkeypatch, form, user, slot_names):
    with serve(LengthJudge() if form == "one-token" else WritingJudge()) as server:
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        model = {"generator": "openai", "generator_params": {"base_url": server.url, "model": "judge-1"}}
        check_judge(judges.get("custom"), {**model, "user": user, "reply": form, "slot_names": slot_names})
        assert server.requests
