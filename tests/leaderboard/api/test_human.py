"""People as a judge called `human`: their votes as verdicts, and their agreement with judges."""

from __future__ import annotations

import pytest

from leaderboard.contracts.values import Outcome
from leaderboard.models import JudgeAudit, Judgment, Vote, VoteUndo
from leaderboard.services import audits, catalog
from tests.factories import fact_board

pytestmark = pytest.mark.django_db(transaction=True)
KEYS = {f"k{i}": "" for i in range(6)}


@pytest.fixture
def facts():
    """People say x over y and tie once; judge 0 agrees, judge 1 always disagrees."""
    made = fact_board(["x", "y"], KEYS, judges=2, counts_votes=True)
    for place, key in enumerate(KEYS):
        for voter in "ab":
            made.vote("x", "y", key, Outcome.A if place else Outcome.BOTH_BAD, voter=f"user:{voter}")
        made.verdict("x", "y", key, 1.0)
        made.verdict("x", "y", key, 0.0, judge=1)
    return made


def listed(get, facts, judge):
    return get(f"/boards/{facts.board.slug}/judgments?limit=100&judge={judge}").json()["items"]


def test_votes_are_listed_as_verdicts_of_human_and_nobody_is_named(get, facts):
    rows = listed(get, facts, "human")
    assert len(rows) == Vote.objects.count() == 2 * len(KEYS)
    for row in rows:
        vote = Vote.objects.get(pk=row["id"])
        assert (row["judge"], row["state"], row["raw"]) == ("human", "scored", vote.outcome)
        assert (row["output_a"], row["output_b"]) == (vote.comparison.a_id, vote.comparison.b_id)
        assert row["credit_a"] == {"a": 1.0, "b": 0.0, "both_bad": 0.5}[vote.outcome]
        assert "user:" not in str(row)
    assert Judgment.objects.filter(judge__name="human").count() == 0


def test_each_judge_can_be_listed_alone(get, facts):
    name = facts.judges[0].name
    assert {row["judge"] for row in listed(get, facts, name)} == {name}
    assert len(listed(get, facts, "")) == 2 * len(KEYS)
    assert {row["judge"] for row in listed(get, facts, "")} == {judge.name for judge in facts.judges}
    assert listed(get, facts, "nobody") == []


def test_votes_are_listed_page_by_page_and_those_that_do_not_count_are_left_out(get, facts):
    VoteUndo.objects.create(vote=Vote.objects.order_by("pk").first())
    facts.vote("x", "y", "k1", Outcome.SKIP, voter="user:c")
    first = get(f"/boards/{facts.board.slug}/judgments?judge=human&limit=7").json()
    second = get(f"/boards/{facts.board.slug}/judgments?judge=human&limit=7&cursor={first['next']}").json()
    ids = [row["id"] for row in (*first["items"], *second["items"])]
    assert second["next"] is None
    assert ids == sorted(Vote.objects.exclude(outcome="skip").values_list("pk", flat=True))[1:]


def test_a_board_that_counts_no_votes_has_none_to_list(get):
    made = fact_board(["x", "y"], KEYS, judges=1)
    made.vote("x", "y", "k0", Outcome.A)
    assert listed(get, made, "human") == []


def test_the_audit_of_human_is_the_judges_own_from_the_other_side(get, facts):
    audits.refresh(facts.board)
    body = get(f"/judges/human/audit?board={facts.board.slug}").json()
    assert (body["judge"], body["board"]) == ("human", facts.board.slug)
    own = {one["second"]: (one["first"], one["items"], one["accuracy"]["value"]) for one in body["details"]["matrix"]}
    names = [judge.name for judge in facts.judges]
    assert own == {names[0]: ("human", 6, 5.5 / 6), names[1]: ("human", 6, 0.5 / 6)}
    stored = JudgeAudit.objects.get(judge=facts.judges[0]).details["people"]
    assert body["details"]["ceiling"]["alpha"] == stored["ceiling"]["alpha"]
    assert "judge" not in body["details"]["ceiling"]
    again = get("/judges/human/audit", **{"if-none-match": f'"{body["digest"]}"'})
    assert again.status_code == 304


def test_without_votes_there_is_no_such_audit(get):
    assert get("/judges/human/audit").status_code == 404


def test_a_stored_judge_of_that_name_comes_first(get, facts):
    audits.refresh(facts.board)
    judge = catalog.imported_judge(name="human")
    audit = JudgeAudit.objects.first()
    JudgeAudit.objects.create(judge=judge, board=facts.board, digest="f" * 64, details=audit.details)
    assert get("/judges/human/audit").json()["digest"] == "f" * 64
