"""Audits over all boards: the boards' facts together, shared comparisons once, the boards as parts."""

from __future__ import annotations

import pytest

from leaderboard.contracts.values import Outcome
from leaderboard.models import Board, JudgeAudit
from leaderboard.services import audits, audits_overall
from leaderboard.services.audit_data import material
from leaderboard.services.audit_merging import merged
from tests.factories import fact_board

pytestmark = pytest.mark.django_db(transaction=True)
KEYS = {f"k{i}": "" for i in range(12)}


def told(made, *, right: bool, voters="ab"):
    """People find x better than y; the first judge of the board says so, or the opposite."""
    for key in KEYS:
        for voter in voters:
            made.vote("x", "y", key, Outcome.A, voter=f"user:{voter}")
        made.verdict("x", "y", key, float(right))
    return made


@pytest.fixture
def two():
    """Two boards with prompts of their own, and one judge that is right on the first and wrong on the second."""
    first = told(fact_board(["x", "y"], KEYS, counts_votes=True), right=True)
    second = fact_board(["x", "y"], KEYS, slug="second", counts_votes=True)
    second.judges[:] = first.judges
    second.board.judges.set(first.judges)
    return first, told(second, right=False)


def both(two):
    for made in two:
        audits_overall.refresh_when_idle(made.board)
    return JudgeAudit.objects.filter(board=None).latest("pk")


def test_the_facts_of_both_boards_are_weighed_together(two):
    overall = both(two)
    details = overall.details
    assert (details["items"], details["calls"], details["scored"], details["clusters"]) == (24, 24, 24, 24)
    assert details["people"]["agreement"]["votes"] == 48
    assert details["people"]["agreement"]["accuracy"]["value"] == 0.5
    parts = {part["board"]: part for part in details["boards"]}
    assert {slug: part["calls"] for slug, part in parts.items()} == {two[0].board.slug: 12, "second": 12}
    each = {audit.board.slug: audit for audit in JudgeAudit.objects.exclude(board=None)}
    assert {slug: part["digest"] for slug, part in parts.items()} == {s: audit.digest for s, audit in each.items()}
    assert [each[made.board.slug].details["people"]["agreement"]["accuracy"]["value"] for made in two] == [1.0, 0.0]


def test_one_board_alone_has_no_audit_over_all(two):
    audits_overall.refresh_when_idle(two[0].board)
    assert not JudgeAudit.objects.filter(board=None).exists()


def test_equal_facts_make_one_audit_and_a_new_vote_another(two):
    first = both(two)
    assert both(two).pk == first.pk and JudgeAudit.objects.filter(board=None).count() == 1
    two[1].vote("x", "y", "k0", Outcome.B, voter="user:c")
    second = both(two)
    assert second.digest != first.digest
    assert second.details["people"]["agreement"]["votes"] == 49


def test_a_comparison_that_two_boards_share_counts_once(two):
    first, _ = two
    twin = Board.objects.create(slug="twin", title="Twin", benchmark=first.board.benchmark, counts_votes=True)
    twin.entries.set(first.board.entries.all())
    twin.judges.set(first.judges)
    for board in (first.board, twin):
        audits_overall.refresh_when_idle(board)
    overall = JudgeAudit.objects.filter(board=None).latest("pk").details
    alone = JudgeAudit.objects.filter(board=twin).latest("pk").details
    assert [part["calls"] for part in overall["boards"]] == [12, 12]
    for name in ("items", "calls", "scored", "clusters", "people", "orders", "matrix"):
        assert overall[name] == alone[name], name


def test_merging_keeps_who_voted_and_what_was_judged(two):
    parts = [material(made.board, audits.entries_of(made.board)) for made in two]
    whole = merged(parts)
    assert len(whole.items) == 24 and whole.voters == ("user:a", "user:b")
    assert whole.comparisons.tolist() == [pk for part in parts for pk in part.comparisons.tolist()]
    judge = two[0].judges[0].pk
    assert whole.credit(judge).tolist() == [pytest.approx(v) for part in parts for v in part.credit(judge)]
    assert whole.items.names == ("x", "y") and set(whole.votes.voter.tolist()) == {0, 1}
    assert set(whole.items.measures) == set(parts[0].items.measures)


def test_pages_and_api_show_it_first_with_its_parts(two, client):
    overall, name = both(two), two[0].judges[0].name
    page = client.get(f"/judges/{name}/").content.decode()
    assert "Board by board" in page and "all boards" in page
    assert f"/judges/{name}/?board=second" in page or "?board=second" in page
    one = client.get(f"/judges/{name}/?board=second").content.decode()
    assert "Board by board" not in one
    listed = client.get("/judges/").content.decode()
    assert listed.index("all boards") < listed.index("?board=second")
    answer = client.get(f"/api/v1/judges/{name}/audit").json()
    assert (answer["board"], answer["digest"]) == (None, overall.digest)
    assert [part["board"] for part in answer["details"]["boards"]] == [two[0].board.slug, "second"]
    assert client.get(f"/api/v1/judges/{name}/audit?board=second").json()["board"] == "second"
    rows = client.get("/api/v1/judges").json()["items"]
    mine = next(row for row in rows if row["name"] == name)
    assert (mine["audits"][0]["board"], len(mine["audits"])) == (None, 3)
