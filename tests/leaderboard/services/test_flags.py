"""A flagged entry leaves the ranking until a person with the right clears it, and leaves no trace in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Board, BoardSnapshot, Flag, FlagDecision, Job, User
from leaderboard.models.facts import FactError
from leaderboard.services import boards, flags
from tests.factories import FactBoard, fact_board

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bell")]
HONEST = ("ada", "bob", "cyd")
CHEAT = "zed"
KEYS = [f"k{i:02}" for i in range(12)]
KINDS = {"constant-output", "zero-length-variance"}


def tournament(names: Sequence[str], *, cheats: Sequence[str] = (CHEAT,), baseline: str = "", slug: str = "t") -> Board:
    """All pairs of `names` on twelve prompts of two categories; each of `cheats` says the same to all."""
    categories = {key: "even" if place % 2 else "odd" for place, key in enumerate(KEYS)}
    made = fact_board(names, categories, baseline=baseline, slug=slug)
    for name in set(names) & set(cheats):
        for key in KEYS:
            made.answer(name, key, "Pick me, whatever was asked of the two of us.")
    for i, first in enumerate(names):
        for j, second in enumerate(names[:i]):
            _play(made, first, second, i + j)
    return made.board


def _play(made: FactBoard, first: str, second: str, start: int) -> None:
    for place, key in enumerate(KEYS):
        credit = 0.9 if CHEAT in (first, second) else (0.1, 0.6, 0.8, 0.4, 1.0)[(place + start) % 5]
        made.verdict(first, second, key, credit)


@pytest.fixture
def judge_of_flags() -> User:
    user = User.objects.create_user("ruth")
    user.user_permissions.add(Permission.objects.get(codename="decide_flag"))
    return user


def decide_all(board: Board, user: User, cleared: bool) -> None:
    for flag in Flag.objects.filter(board=board):
        flags.decide(flag=flag, user=user, cleared=cleared, reason="I read its answers.")


RANKED = (
    *("entry__slug", "rank_low", "rank_high", "rating", "rating_low", "rating_high", "win_rate", "win_rate_se"),
    *("discrete_win_rate", "elo", "style_rating", "style_rank_low", "style_rank_high", "chance", "more", "note"),
)


def of_ranking(snapshot: BoardSnapshot) -> list[tuple[Any, ...]]:
    """What the ranking says of the honest, from the top down."""
    return list(snapshot.standings.filter(entry__slug__in=HONEST).values_list(*RANKED))


def test_an_entry_of_one_text_is_flagged_and_stands_last_without_a_rank():
    board = tournament([*HONEST, CHEAT])
    last = boards.refresh(board).standings.select_related("entry").last()
    assert (last.entry.slug, last.position, set(last.flags)) == (CHEAT, 4, KINDS)
    assert (last.rank_low, last.rank_high, last.rating, last.elo, last.chance) == (None,) * 5
    assert last.note == "Out of the ranking until a person clears it: constant-output, zero-length-variance."


def test_a_flagged_entry_keeps_the_win_rate_and_counts_that_it_had():
    last = boards.refresh(tournament([*HONEST, CHEAT])).standings.last()
    assert (last.win_rate, last.n, last.missing) == (pytest.approx(90), 36, 0)


@pytest.mark.parametrize("baseline", ["", "bob"])
def test_the_others_are_ranked_as_if_the_flagged_entry_had_never_come(baseline):
    with_it = boards.refresh(tournament([*HONEST, CHEAT], baseline=baseline))
    alone = boards.refresh(tournament(HONEST, baseline=baseline, slug="alone"))
    assert of_ranking(with_it) == of_ranking(alone)
    for name in ("pairs", "neighbours", "ask_next", "fragility", "elo_history", "style"):
        assert with_it.details[name] == alone.details[name]


def test_in_each_category_it_is_out_too():
    found = boards.refresh(tournament([*HONEST, CHEAT])).category_standings.filter(entry__slug=CHEAT)
    assert list(found.values_list("category", "position", "rank_low")) == [("even", 4, None), ("odd", 4, None)]


def test_details_tell_the_evidence_and_whether_it_was_cleared(judge_of_flags):
    board = tournament([*HONEST, CHEAT])
    told = boards.refresh(board).details["flags"]
    assert [(flag["entry"], flag["cleared"]) for flag in told] == [(CHEAT, False)] * 2
    assert told[0]["evidence"] == {"n_compared": 12, "n_unique": 1, "unique_share": 1 / 12, "expected_share": 1.0}
    assert told[0]["sentence"] == "All its 12 answers are one and the same text."
    decide_all(board, judge_of_flags, True)
    assert {flag["cleared"] for flag in boards.refresh(board).details["flags"]} == {True}


def test_cleared_it_comes_back_and_raised_again_it_leaves_again(judge_of_flags):
    board = tournament([*HONEST, CHEAT])
    out = boards.refresh(board)
    decide_all(board, judge_of_flags, True)
    back = boards.refresh(board)
    first = back.standings.select_related("entry").first()
    assert (back.digest != out.digest, first.entry.slug, first.rank_low, first.flags) == (True, CHEAT, 1, [])
    decide_all(board, judge_of_flags, False)
    assert boards.refresh(board) == out


def test_one_flag_cleared_of_two_does_not_bring_it_back(judge_of_flags):
    board = tournament([*HONEST, CHEAT])
    boards.refresh(board)
    flag = Flag.objects.get(kind="constant-output")
    flags.decide(flag=flag, user=judge_of_flags, cleared=True, reason="A test of ours.")
    assert boards.refresh(board).standings.last().flags == ["zero-length-variance"]


def test_two_flagged_at_once_are_both_out():
    found = boards.refresh(tournament([*HONEST, "yan", CHEAT], cheats=("yan", CHEAT))).standings
    assert list(found.values_list("entry__slug", "rank_low").order_by("position"))[3:] == [("yan", None), (CHEAT, None)]


def test_flags_are_stored_once_with_what_they_were_raised_on():
    board = tournament([*HONEST, CHEAT])
    boards.refresh(board)
    before = list(Flag.objects.order_by("pk").values())
    made = FactBoard(board, {entry.slug: entry for entry in board.entries.all()}, {}, list(board.judges.all()))
    made.prompts = {prompt.key: prompt for prompt in board.benchmark.prompts.all()}
    made.answer(CHEAT, KEYS[0], "Another text, but for a second sample only.", sample=1)
    boards.refresh(board)
    assert (list(Flag.objects.order_by("pk").values()), {row["kind"] for row in before}) == (before, KINDS)


# --- Who decides ------------------------------------------------------------------------------------------------------


def a_flag() -> Flag:
    boards.refresh(tournament([*HONEST, CHEAT]))
    return Flag.objects.get(kind="constant-output")


@pytest.mark.parametrize("who", ["nobody", "a person", "one who left"])
def test_without_the_right_nobody_decides(who, judge_of_flags):
    user: Any = {"nobody": None, "a person": User.objects.create_user("eve"), "one who left": judge_of_flags}[who]
    if who == "one who left":
        user.is_active = False
        user.save()
    with pytest.raises(PermissionError, match=flags.RIGHT.replace(".", r"\.")):
        flags.decide(flag=a_flag(), user=user, cleared=True, reason="Because.")
    assert not FlagDecision.objects.exists()


@pytest.mark.parametrize(("reason", "message"), [(" \n ", "Say why"), ("x" * 501, "At most 500 characters")])
def test_a_decision_needs_a_reason_of_sensible_length(judge_of_flags, reason, message):
    with pytest.raises(InvalidInput, match=message) as problem:
        flags.decide(flag=a_flag(), user=judge_of_flags, cleared=True, reason=reason)
    assert [error.path for error in problem.value.errors] == [("reason",)]
    assert not FlagDecision.objects.exists()


def test_a_decision_asks_for_a_new_snapshot(judge_of_flags):
    flag = a_flag()
    decision = flags.decide(flag=flag, user=judge_of_flags, cleared=True, reason="  I  read\nit. ")
    assert (decision.reason, decision.user, decision.cleared) == ("I read it.", judge_of_flags, True)
    flag.board.refresh_from_db()
    assert (flag.board.wanted, Job.objects.get().payload) == (1, {"board": flag.board.pk})


def test_a_decision_can_neither_be_changed_nor_deleted(judge_of_flags):
    decision = flags.decide(flag=a_flag(), user=judge_of_flags, cleared=True, reason="I read it.")
    for step in (
        decision.save,
        decision.delete,
        FlagDecision.objects.all().delete,
        lambda: FlagDecision.objects.update(cleared=False),
    ):
        with pytest.raises(FactError):
            step()


# --- Child boards and baselines ---------------------------------------------------------------------------------------


def test_a_child_board_shares_flags_and_decisions(judge_of_flags):
    board = tournament([*HONEST, CHEAT])
    child = Board.objects.create(slug="child", title="Child", benchmark=board.benchmark, parent=board)
    child.judges.set(board.judges.all())
    assert boards.refresh(child).standings.last().entry.slug == CHEAT
    assert set(Flag.objects.values_list("board", "kind")) == {(board.pk, kind) for kind in KINDS}
    decide_all(board, judge_of_flags, True)
    assert [boards.refresh(each).standings.last().flags for each in (board, child)] == [[], []]
    child.refresh_from_db()
    assert child.wanted == 2


def test_another_board_does_not_share_the_decision(judge_of_flags):
    board, other = tournament([*HONEST, CHEAT]), tournament([*HONEST, CHEAT], slug="other")
    boards.refresh(board), boards.refresh(other)
    decide_all(board, judge_of_flags, True)
    assert set(boards.refresh(other).standings.last().flags) == KINDS


def test_a_flagged_baseline_stays_the_baseline_and_the_ranking_says_so():
    flagged = boards.refresh(tournament([*HONEST, CHEAT], baseline=CHEAT))
    rows = list(flagged.standings.order_by("position").values_list("entry__slug", "win_rate", "flags"))
    assert rows[0] == (CHEAT, 50.0, [])
    assert [rate for _, rate, _ in rows[1:]] == [pytest.approx(10)] * 3
    assert (
        "The baseline is flagged. It stays in the ranking, since the others are measured by it."
        in (flagged.details["notes"])
    )
    assert Flag.objects.filter(entry__slug=CHEAT).count() == 2


def test_nothing_is_said_of_a_flagged_baseline_that_was_cleared(judge_of_flags):
    board = tournament([*HONEST, CHEAT], baseline=CHEAT)
    boards.refresh(board)
    decide_all(board, judge_of_flags, True)
    assert not [note for note in boards.refresh(board).details["notes"] if "flagged" in note]
