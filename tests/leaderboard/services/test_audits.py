"""Audits as facts: what they read of a board, when they are made, and canaries that show drift."""

from __future__ import annotations

import pytest

from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.values import Outcome
from leaderboard.models import Board, BoardSnapshot, Job, JudgeAudit, Judgment
from leaderboard.services import audits, boards, canaries, catalog
from tests.factories import fact_board, submit, sums_board

pytestmark = pytest.mark.django_db(transaction=True)
KEYS = {f"k{i}": "" for i in range(12)}


@pytest.fixture
def facts():
    """Three entries, two judges; people say x over y over z, judge 0 agrees, judge 1 takes what comes first."""
    made = fact_board(["x", "y", "z"], KEYS, judges=2, counts_votes=True)
    for key in KEYS:
        for better, worse in (("x", "y"), ("y", "z"), ("x", "z")):
            for voter in "ab":
                made.vote(better, worse, key, Outcome.A, voter=f"user:{voter}")
            made.verdict(better, worse, key, 1.0)
            made.verdict(worse, better, key, 0.0)
            made.verdict(better, worse, key, 1.0, judge=1)
            made.verdict(worse, better, key, 1.0, judge=1)
    return made


def of(judge) -> dict:
    return JudgeAudit.objects.filter(judge=judge).latest("pk").details


def test_the_audit_by_hand(facts):
    assert len(audits.refresh(facts.board)) == 2
    good, first = (of(judge) for judge in facts.judges)
    assert (good["items"], good["calls"], good["clusters"]) == (36, 72, 12)
    assert (good["people"]["agreement"]["accuracy"]["value"], good["orders"]["same"]["value"]) == (1.0, 1.0)
    assert (good["balanced"]["decided"]["value"], good["people"]["induced"]["entrants"]) == (0.5, 0)
    assert first["balanced"]["decided"]["value"] == 1.0 and first["orders"]["to_first"]["value"] == 1.0
    # Both of its orders together are a tie on every comparison, so it has chance's accuracy and is worth nothing.
    assert first["people"]["agreement"]["accuracy"]["value"] == 0.5
    assert (first["people"]["worth"]["votes"]["value"], good["people"]["worth"]["votes"]["value"]) == (0.0, 1.0)
    pairs = {frozenset((one["first"], one["second"])): one["accuracy"]["value"] for one in good["matrix"]}
    names = [judge.name for judge in facts.judges]
    assert pairs == {frozenset(("people", names[0])): 1.0, frozenset(names): 0.5}


def test_equal_facts_make_one_audit_and_new_ones_another(facts):
    first = audits.refresh(facts.board)
    assert audits.refresh(facts.board) == first
    facts.vote("x", "y", "k0", Outcome.B, voter="user:c")
    second = audits.refresh(facts.board)
    assert {audit.digest for audit in first}.isdisjoint(audit.digest for audit in second)
    assert second[0].details["people"]["agreement"]["votes"] == 73


def test_skips_are_no_votes_and_both_bad_is_a_tie(facts):
    facts.vote("x", "y", "k0", Outcome.SKIP, voter="user:c")
    facts.vote("x", "y", "k0", Outcome.BOTH_BAD, voter="user:d")
    audits.refresh(facts.board)
    people = of(facts.judges[0])["people"]
    assert people["agreement"]["votes"] == 73 and people["ceiling"]["ties"]["value"] == pytest.approx(1 / 3 / 36)


def test_votes_on_a_child_board_count_for_the_parents_audit_and_an_unscored_verdict_for_nothing(facts):
    child = Board.objects.create(slug="child", title="c", benchmark=facts.board.benchmark, parent=facts.board)
    facts.verdict("x", "y", "k1", None, repeat=1)
    (one, _) = audits.refresh(child)
    assert one.board == facts.board
    assert (one.details["calls"], one.details["scored"]) == (73, 72)
    assert {state["name"]: state["n"] for state in one.details["states"]} == {"scored": 72, "unparsed": 1}


def test_a_board_without_verdicts_has_no_audit():
    assert audits.refresh(fact_board(["x", "y"], {"k": ""}).board) == []


def test_an_operators_families_come_before_ours(facts, settings):
    audits.refresh(facts.board)
    assert of(facts.judges[0])["own"] is None
    settings.MODEL_FAMILIES = {"house": "x", "guests": ["y", "z"]}
    judge = catalog.imported_judge(name="x-large")
    facts.board.judges.add(judge)
    facts.judges[0] = judge
    for key in KEYS:
        facts.verdict("y", "x", key, 0.0)
    audits.refresh(facts.board)
    own = of(judge)["own"]
    assert (own["family"], own["against"], own["items"], own["excess"]["value"]) == ("house", "people", 12, 0.0)


@pytest.fixture
def judged(parrot, work):
    """A board of sums with two entries, one right on all six and one on half of them, and its first audit."""
    board = sums_board()
    for model in ({"model": "good"}, {"model": "bad", "wrong_every": 2}):
        submit(board, model)
    work()
    board.refresh_from_db()
    return board


def test_the_job_that_refreshes_a_board_audits_its_judges_against_references(judged):
    (audit,) = JudgeAudit.objects.all()
    details = audit.details
    assert (audit.board, details["people"], details["truth"]["items"]) == (judged, None, 3)
    assert details["truth"]["accuracy"]["value"] == 1.0
    assert "Nobody has voted" in details["notes"][0]
    assert details["single"]["items"] == 6 and details["balanced"]["items"] == 0


def test_no_audit_while_a_submission_runs(judged):
    submit(judged, {"model": "late"})
    before = JudgeAudit.objects.count()
    assert audits.refresh_when_idle(judged) == []
    assert JudgeAudit.objects.count() == before


def test_canaries_are_judged_again_beside_the_board(judged, work):
    snapshots, standings = BoardSnapshot.objects.count(), judged.current.standings.count()
    asked = canaries.enqueue(board="sums", judge="reference", size=4)
    assert (asked.round, asked.verdicts) == (1, 4)
    work()
    again = Judgment.objects.filter(repeat=Judgment.CANARIES + 1)
    assert again.count() == 4
    boards.refresh(judged)
    judged.refresh_from_db()
    assert (BoardSnapshot.objects.count(), judged.current.standings.count()) == (snapshots, standings)
    details = JudgeAudit.objects.latest("pk").details
    assert details["calls"] == 6
    (told,) = details["drift"]
    assert (told["repeat"], told["calls"], told["same_credit"]["value"], told["drifted"]) == (1, 4, 1.0, False)


def test_a_later_round_asks_the_same_comparisons_whatever_came_since(judged, work):
    canaries.enqueue(board="sums", judge="reference", size=4)
    work()
    first = set(Judgment.objects.filter(repeat=Judgment.CANARIES + 1).values_list("comparison", flat=True))
    submit(judged, {"model": "new", "wrong_every": 3})
    work()
    assert canaries.enqueue(board="sums", judge="reference", size=10).round == 2
    work()
    second = set(Judgment.objects.filter(repeat=Judgment.CANARIES + 2).values_list("comparison", flat=True))
    assert first == second
    assert [one["repeat"] for one in JudgeAudit.objects.latest("pk").details["drift"]] == [1, 2]


def test_a_round_waits_for_the_last_one(judged):
    canaries.enqueue(board="sums", judge="reference")
    with pytest.raises(InvalidInput, match="still being judged"):
        canaries.enqueue(board="sums", judge="reference")
    assert Job.objects.filter(kind="canary").count() == 1


def test_what_cannot_be_judged_again_says_why(judged):
    catalog.imported_judge(name="elsewhere")
    catalog.judge(plugin="reference", params={"marker": "idle"}, name="idle")
    for board, judge, size, told in (
        ("none", "reference", 5, "no board 'none'"),
        ("sums", "none", 5, "no judge 'none'"),
        ("sums", "elsewhere", 5, "came from elsewhere"),
        ("sums", "idle", 5, "judged nothing"),
        ("sums", "reference", 0, "Between 1 and"),
    ):
        with pytest.raises(InvalidInput, match=told):
            canaries.enqueue(board=board, judge=judge, size=size)
