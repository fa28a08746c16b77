"""Prompts with earlier turns and checklists: sent to the model, shown to the judge, part of the benchmark's digest."""

from __future__ import annotations

from typing import ClassVar

import pytest

from leaderboard.contracts import registry
from leaderboard.contracts.params import InvalidInput, NoParams
from leaderboard.contracts.values import BenchmarkData, BenchmarkItem, Message, Verdict, VerdictState
from leaderboard.services import catalog
from tests.factories import Parrot, submit, sums_board

pytestmark = pytest.mark.django_db(transaction=True)
TURNS = (Message("user", "Can you add?"), Message("assistant", "Yes."))
PLAIN = BenchmarkItem("one", "1+1", "2", "sums")
FULL = BenchmarkItem("one", "1+1", "2", "sums", TURNS, ("It is two.",))


class Seeing:
    """Keeps the pairs that it is given."""

    name: ClassVar[str] = "seeing"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Seeing"
    Params = NoParams
    both_orders: ClassVar[bool] = False
    pairs: ClassVar[list] = []

    def __init__(self, params):
        pass

    def judge(self, pairs):
        self.pairs.extend(pairs)
        for pair in pairs:
            yield Verdict(pair.key, VerdictState.SCORED, 0.5)

    def provenance(self):
        return {}


class Listening(Parrot):
    """A parrot that keeps the requests that it is given."""

    heard: ClassVar[list] = []

    def generate(self, requests):
        self.heard.extend(requests)
        yield from super().generate(requests)


def test_model_and_judge_get_the_turns_and_the_judge_the_checklist(work):
    Seeing.pairs.clear()
    Listening.heard.clear()
    with registry.judges.override(Seeing), registry.generators.override(Listening):
        board = sums_board(benchmark=catalog.benchmark(BenchmarkData("turns", "1", (FULL,))))
        board.judges.set([catalog.judge(plugin="seeing", params={})])
        submit(board, {"model": "right"}, system="Add.")
        submit(board, {"model": "wrong", "wrong_every": 1})
        work()
    with_system = next(one for one in Listening.heard if one.messages[0].role == "system")
    assert with_system.messages == (Message("system", "Add."), *TURNS, Message("user", "1+1"))
    (pair,) = Seeing.pairs
    assert (pair.earlier_a, pair.earlier_b, pair.checklist) == (TURNS, TURNS, ("It is two.",))


def test_turns_and_checklist_are_part_of_what_a_benchmark_is():
    catalog.benchmark(BenchmarkData("turns", "1", (PLAIN,)))
    catalog.benchmark(BenchmarkData("turns", "1", (PLAIN,)))
    for other in (
        FULL,
        BenchmarkItem("one", "1+1", "2", "sums", TURNS),
        BenchmarkItem("one", "1+1", "2", "sums", (), ("x",)),
    ):
        with pytest.raises(InvalidInput, match="another version"):
            catalog.benchmark(BenchmarkData("turns", "1", (other,)))
