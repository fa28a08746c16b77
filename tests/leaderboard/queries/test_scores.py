"""What unscored outputs count as, and that board, report on decoding and sweep agree on the same outputs."""

from __future__ import annotations

import pytest

from leaderboard.contracts.values import FinishReason, Generation
from leaderboard.models import Score, Standing, VariationReport
from leaderboard.queries.scores import counted, least, unanswered
from leaderboard.queries.sweeps import view
from leaderboard.services import catalog, facts, sweeps
from leaderboard.services.grids import Grid
from tests.factories import Parrot, fact_board, sums_board

pytestmark = pytest.mark.django_db
CUT, STOP = FinishReason.LENGTH.value, FinishReason.STOP.value


@pytest.fixture
def metric():
    return catalog.metric(plugin="exact-match", params={})


def of(metric, text, finish="stop", value=None, reason="no answer found", **provenance):
    """What one output counts as, and at least."""
    made = fact_board(["a"], {"p": ""})
    output = made.answer("a", "p", text, finish_reason=finish, provenance=provenance)
    facts.add_scores([Score(metric=metric, output=output, value=value, reason="" if value is not None else reason)])
    found = Score.objects.annotate(counted=counted(metric), least=least(metric)).values_list("counted", "least")
    return found.get()


@pytest.mark.parametrize(
    ("text", "finish", "told"),
    [
        ("", STOP, (0.0, 0.0)),
        (" \n\t", STOP, (0.0, 0.0)),
        ("First, 17 and", CUT, (0.0, 0.0)),
        ("It is 42", STOP, (None, 0.0)),
        ("It is 42", "", (None, 0.0)),
        ("I must not say", FinishReason.FILTER.value, (None, 0.0)),
    ],
)
def test_an_output_that_states_no_answer_is_wrong_where_it_is_empty_or_was_cut_off(metric, text, finish, told):
    assert of(metric, text, finish) == told


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_what_has_a_value_keeps_it(metric, value):
    assert of(metric, "", CUT, value) == (value, value)


def test_a_prompt_without_reference_is_nobodys_fault(metric):
    assert of(metric, "", STOP, reason="no reference") == (None, None)


def test_an_imported_output_whose_text_is_not_known_is_not_empty(metric):
    assert of(metric, "", STOP, text_unknown=True) == (None, 0.0)


def test_a_metric_that_names_no_lowest_value_leaves_the_unscored_out():
    reward = catalog.metric(plugin="rouge-l", params={})
    assert unanswered(reward) is None
    assert of(reward, "", CUT) == (None, None)


class Breaking(Parrot):
    """The second sample of each sum is empty, the third of even sums cut off, and that of sum 3 has no answer."""

    def generate(self, requests):
        for request, made in zip(requests, super().generate(requests), strict=True):
            a = int(request.messages[-1].content.split("+")[0])
            text, finish = made.text, FinishReason.STOP
            if request.sample == 1:
                text = ""
            elif request.sample == 2 and a % 2 == 0:
                text, finish = "So I add and add and", FinishReason.LENGTH
            elif request.sample == 2 and a == 3:
                text = "Six!"
            yield Generation(request.key, text, finish, 3, 6, 0.001, logprob=-1.0)


@pytest.mark.django_db(transaction=True)
def test_board_report_and_sweep_agree_on_a_configuration_that_breaks(work, client):
    from leaderboard.contracts import registry

    board = sums_board()
    with registry.generators.override(Breaking):
        made, _ = sweeps.submit(
            sweeps.Request(
                board="sums",
                generator="parrot",
                model={"model": "polly"},
                arms=[Grid("greedy", {}), Grid("temperature", {"temperature": 0.7})],
                samples=3,
            ),
            user=None,
        )
        work()
    board.refresh_from_db()
    # Of 18 outputs six are empty and three cut off, which are wrong; one states no answer and is left out. Sums 1 and 5
    # have two of three right, the even ones one of three, and sum 3 one of two.
    mean, low = (2 * 2 / 3 + 3 * 1 / 3 + 1 / 2) / 6, (2 * 2 / 3 + 4 * 1 / 3) / 6
    row = Standing.objects.get(snapshot=board.current, entry__decoding__strategy="temperature")
    assert (row.score, row.score_least) == (pytest.approx(100 * mean), pytest.approx(100 * low))
    assert (row.score_n, row.score_missing) == (17, 1)
    greedy = Standing.objects.get(snapshot=board.current, entry__decoding__strategy="greedy")
    assert (greedy.score, greedy.score_n, greedy.score_missing, greedy.score_least) == (100.0, 6, 0, None)
    told = {entry["label"]: entry for entry in VariationReport.objects.get().details["entries"]}
    assert told["T 0.7"]["runs"]["mean"] == pytest.approx(mean)
    assert told["T 0.7"]["unscored"] == 1
    page = " ".join(client.get("/boards/sums/").content.decode().split())
    assert f"{100 * mean:.1f}" in page and f"17 of 18; at least {100 * low:.1f}" in page
    arms = {arm.label: arm for arm in view(made).arms}
    assert arms["T 0.7"].scored == 17
