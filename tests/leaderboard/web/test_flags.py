"""Flags on an entry's page: what they say, who may decide, and what a decision leaves behind."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.models import Flag, FlagDecision, User
from leaderboard.web.flags import evidence
from tests.factories import plain_entries, snapshot, sums_board
from tests.leaderboard.web.test_pages import shown

pytestmark = pytest.mark.django_db

PAGE = "/entries/entry-0/"
FOUND = {"unique_share": 0.00124, "outputs": 805, "most": {"text": "<b>same</b>", "times": 804}}


@pytest.fixture
def board(bell):
    made = sums_board()
    snapshot(made, [{"flags": ["repeated-outputs"]}])
    return made


@pytest.fixture
def flag(board):
    return raise_flag(board, "repeated-outputs")


@pytest.fixture
def judge(user):
    user.user_permissions.add(Permission.objects.get(codename="decide_flag"))
    return User.objects.get(pk=user.pk)


def raise_flag(board, kind: str) -> Flag:
    entry = plain_entries(1)[0]
    return Flag.objects.create(board=board, entry=entry, kind=kind, sentence="It wrote 1 text.", evidence=FOUND)


def decide(client, flag: Flag, reason: str, cleared: str = "1"):
    name = f"flag-{flag.pk}"
    return client.post(f"{PAGE}flags/{flag.pk}/", {f"{name}-reason": reason, f"{name}-cleared": cleared})


def test_evidence_is_flat_and_readable():
    assert list(evidence(FOUND)) == [
        ("unique share", "0.00124"),
        ("outputs", "805"),
        ("most text", "<b>same</b>"),
        ("most times", "804"),
    ]
    assert list(evidence({"kinds": ["a", 1200], "given": None, "own": True})) == [
        ("kinds", "a, 1,200"),
        ("given", "not known"),
        ("own", "yes"),
    ]


def test_an_entry_without_flags_has_no_section(client, board):
    assert 'id="flags"' not in shown(client, PAGE)


def test_a_flag_shows_its_sentence_and_evidence_escaped(client, flag):
    body = shown(client, PAGE)
    assert "It wrote 1 text." in body and "Keeps this entry out of the ranking" in body
    assert "&lt;b&gt;same&lt;/b&gt;" in body and "<b>same" not in body


def test_a_flag_that_the_snapshot_no_longer_has_says_so(client, board):
    raise_flag(board, "empty-outputs")
    body = shown(client, PAGE)
    assert "Not in the board&#x27;s current snapshot" in body or "Not in the board's current snapshot" in body


def test_a_child_board_keeps_it_out_by_the_flag_of_its_parent(client, flag, board):
    from leaderboard.models import Board

    snapshot(board, [{}])
    child = Board.objects.create(slug="child", title="Child", benchmark=board.benchmark, parent=board)
    snapshot(child, [{"flags": ["repeated-outputs"]}])
    assert "Keeps this entry out of the ranking" in shown(client, PAGE)


def test_a_flagged_baseline_stays_in_the_ranking_and_says_why(client, board):
    flag = raise_flag(board, "empty-outputs")
    board.baseline = flag.entry
    board.save()
    assert "The baseline stays in the ranking" in shown(client, PAGE)


def test_without_the_right_there_is_no_form_and_a_decision_is_forbidden(client, ada, flag):
    assert '<form class="sheet"' not in shown(ada, PAGE)
    assert decide(ada, flag, "Looks fine.").status_code == 403
    client.logout()
    assert decide(client, flag, "Looks fine.").status_code == 403
    assert not FlagDecision.objects.exists()


def test_a_decision_is_stored_and_shown_with_who_when_and_why(client, judge, flag, board):
    client.force_login(judge)
    wanted = board.wanted
    answer = decide(client, flag, "The prompts ask for one word.")
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}#flags")
    stored = FlagDecision.objects.get()
    assert (stored.flag, stored.user, stored.cleared) == (flag, judge, True)
    board.refresh_from_db()
    assert board.wanted == wanted + 1
    body = shown(client, PAGE)
    assert "Cleared</strong> by ada on" in body and "The prompts ask for one word." in body
    assert "Raise again</button>" in body


def test_a_cleared_flag_can_be_raised_again_and_the_history_keeps_both(client, judge, flag):
    client.force_login(judge)
    decide(client, flag, "Looks fine.")
    decide(client, flag, "It does not.", cleared="0")
    body = shown(client, PAGE)
    assert body.index("It does not.") < body.index("Looks fine.")
    assert "Clear</button>" in body


@pytest.mark.parametrize(("reason", "fault"), [("", "required"), ("   ", "required"), ("x" * 501, "at most 500")])
def test_a_bad_reason_stays_in_its_field(client, judge, flag, reason, fault):
    client.force_login(judge)
    answer = decide(client, flag, reason)
    body = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_flag-{flag.pk}-reason_error"' in body and fault in body
    assert not FlagDecision.objects.exists()


def test_an_unknown_decision_is_told_at_the_form(client, judge, flag):
    client.force_login(judge)
    answer = decide(client, flag, "Looks fine.", cleared="maybe")
    assert answer.status_code == 422 and b"maybe is not one of the available choices" in answer.content


def test_a_decision_needs_post_and_the_flag_of_this_entry(client, judge, flag, board):
    client.force_login(judge)
    assert client.get(f"{PAGE}flags/{flag.pk}/").status_code == 405
    assert client.post(f"/entries/entry-9/flags/{flag.pk}/").status_code == 404


def test_a_decision_needs_the_token_of_the_form(judge, flag):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(judge)
    assert decide(strict, flag, "Looks fine.").status_code == 403
    assert not FlagDecision.objects.exists()


def test_the_number_of_queries_does_not_grow_with_flags_and_decisions(client, judge, board):
    client.force_login(judge)
    counts = []
    for kinds in (["one"], ["two", "three", "four"]):
        for kind in kinds:
            flag = raise_flag(board, kind)
            for _ in range(2):
                FlagDecision.objects.create(flag=flag, user=judge, cleared=True, reason="Looks fine.")
        with CaptureQueriesContext(connection) as seen:
            shown(client, PAGE)
        counts.append(len(seen))
    assert counts[0] == counts[1]
