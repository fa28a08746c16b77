"""Generators: what is sound passes, and each fault is told for its own reason."""

from dataclasses import replace
from typing import ClassVar

import pytest

from leaderboard.contracts import conformance
from leaderboard.contracts.values import (
    FinishReason,
    Generation,
    ModelIdentity,
)
from tests.leaderboard.contracts.conformance.plugins import Base, bad, complains


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
