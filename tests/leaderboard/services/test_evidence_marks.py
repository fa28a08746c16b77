"""The marks of the evidence are for strategies: no model reads them, whichever strategy it runs with."""

from __future__ import annotations

from typing import ClassVar

import pytest

from leaderboard.contracts.registry import generators
from leaderboard.contracts.values import BenchmarkData, BenchmarkItem, FinishReason, Generation
from leaderboard.models import Board
from leaderboard.services import catalog
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
MARKED = "<evidence>1</evidence>+1"


class Listener(factories.Parrot):
    """Remembers what it was asked."""

    name = "listener"
    heard: ClassVar[list[str]] = []

    def generate(self, requests):
        for request in requests:
            self.heard.append(request.messages[-1].content)
            yield Generation(request.key, "So the answer is 2.", FinishReason.STOP, 3, 6, 0.001, logprob=-1.0)


@pytest.fixture
def listener():
    Listener.heard.clear()
    with generators.override(Listener):
        yield Listener


@pytest.mark.parametrize(("strategy", "heard"), [("greedy", "1+1"), ("kld", MARKED)])
def test_only_a_strategy_with_contexts_is_handed_the_marks(listener, work, strategy, heard):
    data = BenchmarkData("marked", "1", (BenchmarkItem("one", MARKED, "2"),))
    board = Board.objects.create(
        slug="marked", title="Marked", benchmark=catalog.benchmark(data), open_to_submissions=True
    )
    factories.submit(board, {}, generator="listener", strategy=strategy)
    work()
    assert listener.heard == [heard]
