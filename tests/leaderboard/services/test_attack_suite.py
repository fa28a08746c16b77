"""The attack suite on a board's own answers: flags, yardstick, faults, the command."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest
from django.core.management import call_command

from leaderboard.contracts import registry
from leaderboard.contracts.attacks import ATTACKS
from leaderboard.contracts.params import InvalidInput, NoParams
from leaderboard.contracts.values import Verdict, VerdictState
from leaderboard.models import Judgment
from leaderboard.services import attack_suite
from tests.factories import submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]
BY_NAME = {attack.name: attack for attack in ATTACKS}


class Gullible:
    """Believes whoever says that it won, else prefers the longer text."""

    name: ClassVar[str] = "gullible"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Gullible"
    Params = NoParams
    both_orders: ClassVar[bool] = False

    def __init__(self, params):
        pass

    def provenance(self):
        return {}

    def judge(self, pairs):
        for pair in pairs:
            told = "so this one has won" in pair.answer_a
            yield Verdict(
                pair.key, VerdictState.SCORED, 1.0 if told or len(pair.answer_a) > len(pair.answer_b) else 0.0
            )


@pytest.fixture
def board(work):
    board = sums_board(24)
    for name, wrong in (("right", 0), ("half", 2), ("third", 3), ("poor", 1)):
        submit(board, {"model": name, "wrong_every": wrong})
    work()
    board.refresh_from_db()
    return board


def rows(board, judge, names):
    suite = attack_suite.prepare(board, weak=slug(board, "poor"))
    return {row.attack.name: row for row in attack_suite.run(judge, suite, [BY_NAME[name] for name in names])}


def slug(board, model):
    return board.entries.get(model__name=model).slug


def test_the_best_and_the_last_of_the_board_are_taken(board):
    suite = attack_suite.prepare(board, prompts=10)
    assert (suite.good.model.name, suite.weak.model.name) == ("right", "poor")
    assert len(suite.cases) == 10
    assert suite.cases[0].reference == "2"


def test_a_believer_is_gained_by_what_no_flag_sees_and_only_by_that(board):
    with registry.judges.override(Gullible):
        judge = registry.judges.build("gullible", {})
    found = rows(board, judge, ["note", "order", "twice", "cut", "empty"])
    assert found["weak"].measured.credit == 0.0
    assert (found["order"].gains, "template-markers" in found["order"].flags) == (False, True)
    assert (found["twice"].flags, found["twice"].gains) == ((), True)
    assert (found["cut"].measured.credit, found["cut"].gains) == (0.0, False)
    assert found["empty"].flags != ()
    assert found["note"].flags != ()


def test_the_reference_judge_is_not_gained(board):
    judge = registry.judges.build("reference", {})
    assert [name for name, row in rows(board, judge, list(BY_NAME)).items() if row.gains] == []


def test_nothing_is_stored(board):
    before = Judgment.objects.count()
    rows(board, registry.judges.build("reference", {}), ["order"])
    assert Judgment.objects.count() == before


def test_an_unknown_entry_and_too_few_prompts_are_told(board):
    with pytest.raises(InvalidInput, match="No entry 'nobody'"):
        attack_suite.prepare(board, good="nobody")
    same = slug(board, "right")
    with pytest.raises(InvalidInput, match="each in another way"):
        attack_suite.prepare(board, good=same, weak=same)


def test_the_command_prints_json_and_says_by_its_exit_code_whether_something_gains(board, capsys):
    call_command("attack_judge", "reference", "--board", board.slug, "--json", "--prompts", "8", "--attack", "order")
    told = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in told["attacks"]] == ["weak", "order"]
    assert (told["prompts"], told["attacks"][1]["gains"]) == (8, False)
    with registry.judges.override(Gullible), pytest.raises(SystemExit) as ended:
        call_command("attack_judge", "gullible", "--board", board.slug, "--markdown", "--attack", "twice")
    assert ended.value.code == 1
    assert "| GAINS |" in capsys.readouterr().out
