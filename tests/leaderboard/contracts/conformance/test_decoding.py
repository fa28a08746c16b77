"""Decoding strategies: what is sound passes, and each fault is told for its own reason."""

import pytest

from leaderboard.contracts import conformance
from leaderboard.contracts.conformance import decoding
from leaderboard.contracts.params import NoParams
from leaderboard.contracts.protocols import DecodingParams
from tests.leaderboard.contracts.conformance.plugins import Base, bad, complains


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
    monkeypatch.setattr(decoding, "_check_light_import", lambda cls, who: None)
    conformance.check_decoding(Heat)
    complains(words, conformance.check_decoding, bad(Heat, **changes))


def test_a_strategy_that_no_request_can_ask_for_says_so_and_conforms(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(decoding, "_check_light_import", lambda cls, who: None)
    conformance.check_decoding(bad(Heat, request_fields=refuses, needs=needs_loop))


def test_a_strategy_whose_module_imports_torch_is_told(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "light_module.py").write_text("")
    (tmp_path / "heavy_module.py").write_text("import sys\nsys.modules['torch'] = sys\n")
    decoding._check_light_import(bad(Heat, __module__="light_module"), "Light")
    heavy = bad(Heat, __module__="heavy_module")
    complains("Importing Heavy imports torch", decoding._check_light_import, heavy, "Heavy")
    lost = bad(Heat, __module__="lost_module")
    with pytest.raises(AssertionError, match="cannot be imported on its own"):
        decoding._check_light_import(lost, "Lost")
