"""Each check passes what is sound, and fails each bad plugin for its own reason."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict, Field

from leaderboard.contracts import conformance
from leaderboard.contracts.params import InvalidInput, NoParams, Params
from leaderboard.contracts.protocols import DecodingParams
from leaderboard.contracts.registry import benchmarks, judges, metrics
from leaderboard.contracts.values import (
    BenchmarkData,
    BenchmarkItem,
    FinishReason,
    Generation,
    ModelIdentity,
    Scored,
    Verdict,
    VerdictState,
)
from leaderboard.ratings.battles import Battles, Rating, RatingTable


class Base:
    name, version, title, Params = "sound", "1", "A sound plugin", NoParams

    def __init__(self, params):
        self.params = params


def bad(kind, **changes):
    """`kind` with one fault; the name stays, for the messages."""
    return type("Bad", (kind,), changes)


def complains(words, check, *args, **kwargs):
    with pytest.raises(AssertionError) as caught:
        check(*args, **kwargs)
    assert words in str(caught.value), str(caught.value)
    assert str(caught.value).endswith((".", "}", "]", "?")), "a sentence"


# All families


class Loose(BaseModel):
    pass


class Thawed(Params):
    model_config = ConfigDict(frozen=False)


class Extra(Params):
    model_config = ConfigDict(extra="ignore")


class Mute(Params):
    level: int


class Told(Params):
    level: int = Field(description="How much.")


class OneWay(Params):
    size: tuple[int, ...] = (1,)
    level: str = "low"

    def canonical(self):
        return {"size": [1], "level": "high"}


class Unstored(Params):
    level: type = int


class Unread(Params):
    level: int = Field(1, gt=0)

    def canonical(self):
        return {"level": 0}


class Unshaped(Params):
    level: Callable[[int], int] = Field(description="A function.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Not A Slug"}, "Bad.name must be like 'top-k'"),
        ({"version": 1}, "Bad.version must be a text"),
        ({"title": ""}, "Bad.title must be one plain line"),
        ({"title": "two\nlines"}, "Bad.title must be one plain line"),
        ({"title": "x" * 101}, "at most 100 characters"),
        ({"Params": Loose}, "Bad.Params must be a subclass of Params"),
        ({"Params": Thawed}, "must keep the setting frozen=True"),
        ({"Params": Extra}, "must keep the setting extra='forbid'"),
        ({"Params": Mute}, "Bad.Params.level needs a default or a description"),
        ({"Params": OneWay}, "does not come back the same from canonical()"),
        ({"Params": Unshaped}, "has no JSON schema"),
        ({"Params": Unstored}, "has no JSON schema"),
        ({"Params": Unread}, "cannot be stored and read back"),
    ],
)
def test_a_plugin_that_breaks_a_common_rule(changes, words):
    conformance.check_plugin(Base)
    complains(words, conformance.check_plugin, bad(Base, **changes))


def test_missing_attributes_are_named():
    complains("lacks 'Params'", conformance.check_plugin, type("Bad", (), {"name": "x", "version": "1", "title": "X"}))


def test_required_settings_are_checked_where_they_are_given():
    kind = bad(Base, Params=Told, score=lambda self, **_: Scored(1.0))
    conformance.check_plugin(kind)
    conformance.check_metric(kind, {"level": 3})
    with pytest.raises(InvalidInput):
        conformance.check_metric(kind, {})


def test_the_entry_point_must_lead_to_the_class():
    conformance.check_registered(judges, judges.get("reference"))
    complains("leads to", conformance.check_registered, judges, bad(judges.get("reference")))


# Judges


class Longer(Base):
    both_orders = False

    def judge(self, pairs):
        for pair in pairs:
            yield Verdict(pair.key, VerdictState.SCORED, self.credit(pair), evidence=self.evidence())

    def credit(self, pair):
        return (1 + np.sign(len(pair.answer_a) - len(pair.answer_b)).item()) / 2

    def evidence(self):
        return {"rule": "length"}

    def provenance(self):
        return {"rule": "length"}


def likes_slot_one(self, pair):
    return 0.3 if pair.swapped else 0.7


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"both_orders": None}, "both_orders must be True or False"),
        ({"credit": lambda self, pair: 0.7, "both_orders": True}, "Does it heed `swapped`?"),
        ({"credit": likes_slot_one}, "both_orders is False, but pair 'one' gets 0.7 in one order and 0.3 in the"),
        ({"credit": lambda self, pair: float(pair.answer_a >= pair.answer_b)}, "prefers one of two identical answers"),
        ({"evidence": lambda self: {"p": float("nan")}}, "must be plain JSON without NaN"),
        ({"evidence": lambda self: {"p": {1, 2}}}, "must be plain JSON without NaN"),
        ({"provenance": lambda self: {"rule": 1}}, "must map text to text"),
        ({"judge": lambda self, pairs: iter(pairs)}, "must yield Verdicts"),
        ({"judge": lambda self, pairs: iter(list(Longer.judge(self, pairs))[1:])}, "must give one verdict a pair"),
        ({"judge": lambda self, pairs: iter([*Longer.judge(self, pairs)] * 2)}, "must give one verdict a pair"),
        ({"judge": lambda self, pairs: iter([Verdict("x", VerdictState.REFUSED)])}, "where no pair was given"),
    ],
)
def test_a_judge_that_breaks_a_rule(changes, words):
    conformance.check_judge(Longer)
    complains(words, conformance.check_judge, bad(Longer, **changes))


def test_a_judge_with_a_liking_for_a_place_conforms_if_it_judges_both_orders():
    conformance.check_judge(bad(Longer, credit=likes_slot_one, both_orders=True))


def test_our_own_plugins_conform():
    conformance.check_judge(judges.get("reference"))
    conformance.check_metric(metrics.get("exact-match"))
    conformance.check_loader(benchmarks.get("pebble-tasks"))
    conformance.check_plugin(benchmarks.get("jsonl"))


def test_the_llm_judge_conforms():
    from leaderboard.contracts.registry import generators
    from tests.judges.fakes import fake, reply

    with generators.override(fake(lambda request: reply(request, (("m", -0.2), ("M", -1.8))))):
        conformance.check_judge(judges.get("pairwise-llm"), {"generator": "fake", "slot_names": "alpacaeval"})


# Decoding


class HeatParams(DecodingParams):
    max_new_tokens: int = 8


class Heat(Base):
    Params = HeatParams
    label, samples = "T 2", True
    max_new_tokens = property(lambda self: self.params.max_new_tokens)

    def needs(self):
        return frozenset({"logits"})

    def apply(self, logits, history):
        return logits / 2

    def request_fields(self):
        return {"temperature": 2}


def needs_loop(self):
    return frozenset({"loop"})


def refuses(self):
    raise ValueError("No request can ask for heat.")


def refuses_mutely(self):
    raise ValueError


def in_place(self, logits, history):
    return logits.div_(2)


def noisy(self, logits, history):
    import torch

    return logits + torch.randn_like(logits)


def remembers(self, logits, history):
    self.calls = getattr(self, "calls", 0) + 1
    return logits * self.calls


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label": "x" * 61}, "label must be one line of 1 to 60 characters"),
        ({"label": "two\nlines"}, "label must be one line"),
        ({"samples": 1}, "samples must be True or False"),
        ({"max_new_tokens": 0}, "max_new_tokens must be ≥ 1"),
        ({"max_new_tokens": 9}, "must be the one in its params"),
        ({"Params": NoParams, "max_new_tokens": 9}, "needs the field max_new_tokens"),
        ({"needs": lambda self: frozenset({"telepathy"})}, "names that are no Capability: telepathy"),
        ({"needs": lambda self: ["logits"]}, "must be a frozenset"),
        ({"request_fields": lambda self: {"t": float("inf")}}, "must be plain JSON"),
        ({"request_fields": refuses}, "so needs() must have LOOP"),
        ({"request_fields": refuses_mutely, "needs": needs_loop}, "must say why in a sentence"),
        ({"apply": in_place}, "changes the logits it is given"),
        ({"apply": noisy}, "draws random numbers"),
        ({"apply": remembers}, "gives something else the second time"),
        ({"apply": lambda self, z, h: z - z.nanmean()}, "NaN or infinity"),
        ({"apply": lambda self, z, h: z * 0}, "NaN or infinity"),
        ({"apply": lambda self, z, h: z.clamp(min=-100)}, "allows a forbidden token again"),
        ({"apply": lambda self, z, h: z.masked_fill(z < 1e9, float("-inf"))}, "forbids every token of a row"),
        ({"apply": lambda self, z, h: z[:, :5]}, "must keep shape"),
        ({"apply": lambda self, z, h: z - z.max()}, "a row other logits alone than in a batch"),
        ({"apply": lambda self, z, h: z / h.known.sum()}, "a row other logits alone than in a batch"),
    ],
)
def test_a_strategy_that_breaks_a_rule(changes, words, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(conformance, "_check_light_import", lambda cls, who: None)
    conformance.check_decoding(Heat)
    complains(words, conformance.check_decoding, bad(Heat, **changes))


def test_a_strategy_that_no_request_can_ask_for_says_so_and_conforms(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(conformance, "_check_light_import", lambda cls, who: None)
    conformance.check_decoding(bad(Heat, request_fields=refuses, needs=needs_loop))


def test_a_strategy_whose_module_imports_torch_is_told(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "light_module.py").write_text("")
    (tmp_path / "heavy_module.py").write_text("import sys\nsys.modules['torch'] = sys\n")
    conformance._check_light_import(bad(Heat, __module__="light_module"), "Light")
    heavy = bad(Heat, __module__="heavy_module")
    complains("Importing Heavy imports torch", conformance._check_light_import, heavy, "Heavy")
    lost = bad(Heat, __module__="lost_module")
    with pytest.raises(AssertionError, match="cannot be imported on its own"):
        conformance._check_light_import(lost, "Lost")


# Generators


class Echo(Base):
    capabilities: ClassVar = frozenset({"logprobs"})
    backend = "cpu"
    table: ClassVar = (("a", -0.1), ("b", -3.0))

    @classmethod
    def identity(cls, params):
        return ModelIdentity("test", "echo", "1")

    def generate(self, requests):
        for request in requests:
            yield self.one(request, requests)

    def one(self, request, requests):
        text = request.messages[-1].content
        return Generation(request.key, text, FinishReason.STOP, 1, 1, 0.0, first_logprobs=self.table)

    def provenance(self):
        return {"engine": "echo"}


def leaks(self, request, requests):
    return replace(Echo.one(self, request, requests), text=f"{len(requests)}")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"capabilities": frozenset({"flight"})}, "no Capability: flight"),
        ({"backend": "My GPU"}, "backend must be like 'cuda'"),
        ({"identity": classmethod(lambda cls, params: "echo")}, "must give a ModelIdentity"),
        ({"identity": classmethod(lambda cls, params: ModelIdentity("", "x", ""))}, "must name source and model"),
        ({"generate": lambda self, requests: iter(requests)}, "must yield Generations"),
        ({"generate": lambda self, requests: iter([])}, "must make every output once"),
        ({"one": leaks}, "another output alone than in a batch"),
        ({"one": lambda self, r, rs: replace(Echo.one(self, r, rs), text="\x00")}, "holds NUL"),
        ({"one": lambda self, r, rs: replace(Echo.one(self, r, rs), seconds=-1.0)}, "negative count"),
        ({"table": None}, "says it gives log-probabilities and gives none"),
        ({"table": Echo.table[::-1]}, "best first"),
        ({"table": (("a", 0.5),)}, "above 0"),
        ({"table": Echo.table * 2}, "where 3 were asked for"),
        ({"provenance": lambda self: None}, "must map text to text"),
    ],
)
def test_a_generator_that_breaks_a_rule(changes, words):
    conformance.check_generator(Echo)
    complains(words, conformance.check_generator, bad(Echo, **changes))


def test_a_server_that_promises_less_is_let_off():
    conformance.check_generator(bad(Echo, one=leaks), exact=False)


# Metrics


class Length(Base):
    def score(self, *, prompt, reference, text):
        return Scored(float(len(text)))


def test_a_metric_that_breaks_a_rule():
    conformance.check_metric(Length)
    for result, words in (
        (1.0, "must give a Scored"),
        (Scored(None), "unscored without a reason"),
        (Scored(float("inf")), "use None with a reason instead"),
    ):
        complains(words, conformance.check_metric, bad(Length, score=lambda self, result=result, **_: result))
    counter = iter(range(100))
    fickle = bad(Length, score=lambda self, **_: Scored(float(next(counter))))
    complains("two values", conformance.check_metric, fickle)


# Raters

BATTLES = Battles.of(["x", "y"], [(0, 1, 1.0, 0), (1, 0, 0.5, 1)])


class Share(Base):
    def rate(self, battles):
        rows = [Rating(name, self.value(battles, i), None, None, None, 2) for i, name in enumerate(battles.names)]
        return RatingTable("share", "1", {}, tuple(rows))

    def value(self, battles, i):
        won = battles.credit[battles.a == i].sum() + (1 - battles.credit[battles.b == i]).sum()
        return float(won) / len(battles.credit)


def spoils(self, battles):
    battles.credit[:] = 0.5
    return Share.rate(self, battles)


def only_first(self, battles):
    return replace(Share.rate(self, battles), ratings=Share.rate(self, battles).ratings[:1])


def odd_interval(self, battles):
    rows = tuple(replace(row, low=5.0, high=6.0) for row in Share.rate(self, battles).ratings)
    return replace(Share.rate(self, battles), ratings=rows)


def drifts(self, battles, i):
    self.calls = getattr(self, "calls", 0) + 1
    return float(self.calls)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate": spoils}, "changes the arrays"),
        ({"rate": only_first}, "must rate every entrant once"),
        ({"rate": odd_interval}, "outside its own interval"),
        ({"value": drifts}, "another rating the second time"),
        ({"value": lambda self, battles, i: None}, "no value and no note"),
        ({"value": lambda self, battles, i: float("inf")}, "not finite"),
        ({"value": lambda self, battles, i: float(battles.credit[battles.a == i].sum())}, "sides a and b exchanged"),
    ],
)
def test_a_rater_that_breaks_a_rule(changes, words):
    fresh = replace(BATTLES, credit=BATTLES.credit.copy())
    conformance.check_rater(Share, {}, fresh)
    complains(words, conformance.check_rater, bad(Share, **changes), {}, fresh)


# Loaders


class Fixed(Base):
    items: ClassVar = (BenchmarkItem("a", "One?"), BenchmarkItem("b", "Two?"))

    def load(self):
        return BenchmarkData("fixed", "1", self.items)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"load": lambda self: []}, "must give a BenchmarkData"),
        ({"load": lambda self: BenchmarkData("", "1", Fixed.items)}, "a name and a version"),
        ({"items": ()}, "loads no items"),
        ({"items": (*Fixed.items, BenchmarkItem("a", "x"))}, "the key 'a' twice"),
        ({"items": (BenchmarkItem("a", " "),)}, "no text for item 'a'"),
        ({"items": (BenchmarkItem("a", "x", "\ud800"),)}, "half a surrogate pair in item 'a'"),
    ],
)
def test_a_loader_that_breaks_a_rule(changes, words):
    conformance.check_loader(Fixed)
    complains(words, conformance.check_loader, bad(Fixed, **changes))


def test_a_loader_that_gives_something_else_each_time():
    counter = iter(range(100))
    moving = bad(Fixed, load=lambda self: BenchmarkData("fixed", str(next(counter)), Fixed.items))
    complains("something else the second time", conformance.check_loader, moving)


class Batched(Length):
    selects = True

    def score_many(self, items):
        return [self.score(prompt=item.prompt, reference=item.reference, text=item.text) for item in items]


def test_a_metric_that_scores_many_at_once_or_selects_and_breaks_a_rule():
    conformance.check_metric(Batched)
    wrong = Scored(3.25)
    for words, kind in (
        ("scores for 4 outputs", bad(Batched, score_many=lambda self, items: [wrong] * bool(items))),
        ("where no output was given", bad(Batched, score_many=lambda self, items: [wrong])),
        ("among others", bad(Batched, score_many=lambda self, items: [wrong] * len(items))),
        ("must be True or False", bad(Batched, selects="yes")),
        ("depends on the reference", bad(Batched, score=lambda self, reference, **_: Scored(float(len(reference))))),
    ):
        complains(words, conformance.check_metric, kind)
