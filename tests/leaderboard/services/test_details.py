"""What stands behind a snapshot: every key is there as JSON, and says what the ratings' own functions say."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from leaderboard.contracts import registry
from leaderboard.contracts.params import Params
from leaderboard.models import Board, BoardSnapshot, Judgment
from leaderboard.ratings import deciding
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.fragility import bradley_terry_fragility, win_rate_fragility
from leaderboard.ratings.pairs import count_pairs
from leaderboard.ratings.strengths import fit
from leaderboard.ratings.win_rate import sides
from leaderboard.services import boards
from leaderboard.services.details import Details, plain
from tests.factories import FactBoard, fact_board

pytestmark = pytest.mark.django_db
NAMES = ("ada", "bob", "cyd", "dot")
KEYS = {f"k{i}": "" for i in range(8)}


def round_robin(baseline: str = "", slug: str = "facts", left_out: frozenset[tuple[str, str, str]] = frozenset()):
    """Every pair on every prompt, the earlier name somewhat better; without the games of `left_out`."""
    made = fact_board(NAMES, KEYS, baseline=baseline, slug=slug)
    for i, first in enumerate(NAMES):
        for j in range(i + 1, len(NAMES)):
            for place, key in enumerate(KEYS):
                credit = (1.0, 0.5, 0.2, 1.0, 0.0, 0.7, 0.9, 0.3)[(place + 3 * i + j) % 8]
                if (first, NAMES[j], key) not in left_out:
                    made.verdict(first, NAMES[j], key, credit)
    return made


def battles_of(board: Board) -> tuple[Battles, list[tuple[str, str, str]]]:
    """The board's battles, read here anew, and which game each one is."""
    found = Judgment.objects.filter(comparison__prompt__benchmark=board.benchmark).order_by("pk")
    rows = list(
        found.values_list(
            *("comparison__entry_a__slug", "comparison__entry_b__slug", "credit_a", "comparison__prompt__position"),
            "comparison__prompt__key",
        )
    )
    battles = Battles.of(NAMES, [(NAMES.index(a), NAMES.index(b), credit, p) for a, b, credit, p, _ in rows])
    return battles, [(*sorted((a, b)), key) for a, b, _, _, key in rows]


def told(found: Any) -> Any:
    return plain([dataclasses.asdict(one) for one in found])


def order_of(snapshot: BoardSnapshot) -> list[int]:
    return [NAMES.index(slug) for slug in snapshot.standings.order_by("position").values_list("entry__slug", flat=True)]


# --- Boards of all kinds ----------------------------------------------------------------------------------------------


def empty() -> FactBoard:
    return fact_board([], KEYS)


def alone() -> FactBoard:
    made = fact_board(["ada"], KEYS)
    made.answer("ada", "k0")
    return made


def unscored() -> FactBoard:
    made = fact_board(NAMES, KEYS)
    made.verdict("ada", "bob", "k0", None)
    return made


def unscored_against_a_baseline() -> FactBoard:
    made = fact_board(NAMES, KEYS, baseline="bob")
    made.verdict("ada", "bob", "k0", None)
    return made


def disconnected() -> FactBoard:
    made = fact_board(NAMES, {**KEYS, "z": ""})
    for first, second in (("ada", "bob"), ("cyd", "dot")):
        for key, credit in (("k0", 1.0), ("k1", 0.0), ("k2", 0.5)):
            made.verdict(first, second, key, credit)
    return made


def one_sided() -> FactBoard:
    made = fact_board(NAMES, KEYS)
    made.verdict("ada", "bob", "k0", 1.0)
    return made


def rated_by_a_rater_that_fails() -> FactBoard:
    made = round_robin()
    made.board.rater = "failing"
    made.board.save()
    return made


def rated_by(rater: str) -> Any:
    def make() -> FactBoard:
        made = round_robin(baseline="bob")
        made.board.rater = rater
        made.board.save()
        return made

    return make


class Failing:
    name, version, title, Params = "failing", "1", "Fails", Params

    def __init__(self, params: Params) -> None:
        self.params = params

    def rate(self, battles: Battles) -> Any:
        raise RuntimeError("no")


KINDS = {
    "round robin": round_robin,
    "against a baseline": lambda: round_robin("bob"),
    "empty": empty,
    "one entry": alone,
    "unscored only": unscored,
    "unscored only, baseline": unscored_against_a_baseline,
    "disconnected": disconnected,
    "one sided": one_sided,
    "failing rater": rated_by_a_rater_that_fails,
    "elo": rated_by("elo"),
    "length-controlled": rated_by("length-controlled"),
}


def refreshed(kind: str) -> BoardSnapshot:
    with registry.ratings.override(Failing):
        return boards.refresh(KINDS[kind]().board)


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_is_there_and_is_json(kind):
    details = refreshed(kind).details
    assert set(details) == set(Details.__annotations__)
    assert json.loads(json.dumps(details, allow_nan=False)) == details


@pytest.mark.parametrize(
    ("kind", "rows", "notes"),
    [
        ("empty", [], []),
        ("one entry", [("ada", None, None, "No battles.")], []),
        (
            "unscored only",
            [(name, None, None, "No battles.") for name in NAMES],
            ["The battles do not put all entrants on one scale: 4 groups of them are rated apart."],
        ),
        (
            "unscored only, baseline",
            [("bob", 1, 50.0, "The baseline itself.")]
            + [(name, None, None, "No battles against the baseline.") for name in ("ada", "cyd", "dot")],
            [],
        ),
    ],
)
def test_a_board_that_has_nothing_to_rate_says_so_of_each_entry(kind, rows, notes):
    snapshot = refreshed(kind)
    found = snapshot.standings.order_by("position").values_list("entry__slug", "rank_low", "win_rate", "note")
    assert (list(found), snapshot.details["notes"]) == (rows, notes)
    assert (snapshot.details["neighbours"], snapshot.details["fragility"]) == ([], None)


def test_groups_that_never_met_are_rated_apart_and_their_meeting_is_asked_for():
    details = refreshed("disconnected").details
    assert "2 groups of them are rated apart" in details["notes"][0]
    assert {one["gain"] for one in details["ask_next"][:4]} == {None}
    assert {frozenset((one["first"], one["second"])) for one in details["ask_next"][:4]} == {
        frozenset((left, right)) for left in ("ada", "bob") for right in ("cyd", "dot")
    }


def test_a_rater_that_fails_says_so_and_the_other_methods_are_there():
    details = refreshed("failing rater").details
    assert details["methods"]["failing"] == {"reason": "The rater failed: RuntimeError('no')"}
    assert details["notes"] == ["failing: The rater failed: RuntimeError('no')"]
    assert {"version", "params", "notes"} <= set(details["methods"]["bradley-terry"])
    assert details["version"] == ""


def test_counts_are_of_verdicts_and_of_those_without_a_number():
    made = round_robin()
    made.verdict("ada", "bob", "k0", None, repeat=1)
    assert boards.refresh(made.board).details["counts"] == {"verdicts": 49, "unscored": 1}


def test_pairs_hold_who_met_whom_and_won_how_much():
    made = fact_board(["ada", "bob", "cyd"], KEYS)
    made.verdict("bob", "ada", "k0", 0.25)
    made.verdict("ada", "bob", "k1", 1.0)
    made.verdict("bob", "cyd", "k0", 0.5)
    found = boards.refresh(made.board).details["pairs"]
    assert found == {"entries": ["ada", "bob", "cyd"], "i": [0, 1], "j": [1, 2], "won_i": [1.75, 0.5], "n": [2, 1]}


# --- What separates neighbours ----------------------------------------------------------------------------------------


def test_neighbours_of_a_bradley_terry_board_are_those_of_the_fit():
    made = round_robin()
    snapshot, (battles, _) = boards.refresh(made.board), battles_of(made.board)
    expected = deciding.neighbours(fit(battles), order_of(snapshot), table=count_pairs(battles))
    assert snapshot.details["neighbours"] == told(expected)


def test_neighbours_of_a_win_rate_board_are_paired_by_prompt():
    made = round_robin("bob")
    snapshot, (battles, _) = boards.refresh(made.board), battles_of(made.board)
    expected = deciding.win_rate_neighbours(NAMES, sides(battles, "bob"), order_of(snapshot), baseline="bob")
    assert snapshot.details["neighbours"] == told(expected)


@pytest.mark.parametrize("baseline", ["", "bob"])
def test_rows_hold_the_chance_to_stand_above_the_next_one(baseline):
    snapshot = boards.refresh(round_robin(baseline).board)
    rows = list(snapshot.standings.order_by("position").values_list("entry__slug", "chance", "more"))
    expected = [(one["better"], one["chance"], one["more"]) for one in snapshot.details["neighbours"]]
    assert rows == [*expected, (rows[-1][0], None, None)]
    assert all(chance >= 0.5 for _, chance, _ in expected)


# --- Fragility --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("baseline", ["", "bob"])
def test_without_the_facts_that_fragility_counts_another_entry_leads(baseline):
    made = round_robin(baseline)
    snapshot, (battles, games) = boards.refresh(made.board), battles_of(made.board)
    found = win_rate_fragility(battles, baseline) if baseline else bradley_terry_fragility(battles)
    assert snapshot.details["fragility"] == {
        "leader": NAMES[order_of(snapshot)[0]],
        "challenger": found.challenger,
        "n_removed": len(found.rows),
        "share": found.share,
    }
    without = round_robin(baseline, "without", frozenset(games[row] for row in found.rows))
    assert boards.refresh(without.board).standings.first().entry.slug == found.challenger
    assert found.challenger != found.leader


def test_a_leader_who_cannot_lose_has_no_fragility():
    made = fact_board(NAMES[:2], KEYS, baseline="bob")
    for key in KEYS:
        made.verdict("ada", "bob", key, 1.0)
    assert boards.refresh(made.board).details["fragility"] is None


# --- Plain values -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (float("nan"), None),
        (np.float64("inf"), None),
        ((1, [np.int8(2)]), [1, [2]]),
        (np.array([[1.0, np.nan]]), [[1.0, None]]),
        ({1: (2.0,)}, {"1": [2.0]}),
        ("text", "text"),
        (None, None),
    ],
)
def test_plain_gives_what_json_has(value, expected):
    found = plain(value)
    assert (found, type(found)) == (expected, type(expected))
