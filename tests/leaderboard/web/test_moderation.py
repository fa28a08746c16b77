"""The moderator's pages: who may see them, what a decision does, what is wrong stays on the page, queries stay few."""

from __future__ import annotations

import csv
import io

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.contracts.values import Outcome
from leaderboard.models import AuditEntry, KnownPair, QuarantineDecision, Vote, VoterReport, VoteSignal, VotingRules
from leaderboard.queries import audit_log
from leaderboard.services import boards
from tests.factories import FactBoard, fact_board

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bell")]
HERE = "/boards/facts/moderation/"


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def made() -> FactBoard:
    made = fact_board(["ada", "bob", "eve"], {f"p{i}": "" for i in range(12)}, judges=0, counts_votes=True)
    for voter in ("user:1", "user:2"):
        for number, key in enumerate(made.prompts):
            made.vote("ada", "bob", key, Outcome.A if number % 3 or voter == "user:2" else Outcome.B, voter)
    boards.refresh(made.board)
    return made


@pytest.fixture
def mod(client, django_user_model):
    user = django_user_model.objects.create_user("mod", password="x")
    user.user_permissions.add(Permission.objects.get(codename="moderate_votes"))
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("method", "end"),
    [("get", ""), ("get", "decisions.csv"), ("post", "decide/"), ("post", "network/"), ("post", "rules/")],
)
def test_nobody_without_the_right_sees_or_does_anything(client, django_user_model, made, method, end):
    assert getattr(client, method)(HERE + end).status_code == 403
    client.force_login(django_user_model.objects.create_user("nobody", password="x", is_staff=True))
    assert getattr(client, method)(HERE + end).status_code == 403


def test_the_evidence_of_each_voter_is_shown(mod, made):
    text = mod.get(HERE).content.decode()
    assert "user:1" in text
    assert "12, left side 0.67" in text
    assert "z " in text
    assert "too few votes" not in text
    assert "Nothing was decided yet." in text


def test_a_decision_takes_the_votes_out_and_a_second_puts_them_back(mod, made):
    before = boards.refresh(made.board)
    sent = {"voter": "user:1", "quarantined": "1", "reason": "  one   side "}
    assert mod.post(HERE + "decide/", sent).status_code == 302
    assert sum(row.n for row in boards.refresh(made.board).standings.all()) == 2 * 12
    text = mod.get(HERE).content.decode()
    assert "in quarantine" in text
    assert "one side" in text
    assert QuarantineDecision.objects.get().evidence["n"] == 12
    mod.post(HERE + "decide/", {**sent, "quarantined": "0"})
    assert boards.refresh(made.board) == before
    assert Vote.objects.count() == 24


@pytest.mark.parametrize("wrong", [{"reason": " "}, {"voter": ""}, {"quarantined": "perhaps"}, {"reason": "x" * 501}])
def test_what_is_wrong_is_told_and_not_stored(mod, made, wrong):
    sent = {"voter": "user:1", "quarantined": "1", "reason": "seen", **wrong}
    response = mod.post(HERE + "decide/", sent)
    assert response.status_code == 422
    assert "This was not stored" in response.content.decode()
    assert not QuarantineDecision.objects.exists()


def test_everyone_of_a_network_is_decided_on_at_once(mod, made):
    for vote in Vote.objects.all():
        VoteSignal.objects.create(vote=vote, network="n1" if vote.voter == "user:1" else "n2")
    response = mod.post(HERE + "network/", {"network": "n1", "reason": "one hall"})
    assert response.status_code == 302
    assert QuarantineDecision.objects.get().voter == "user:1"
    again = mod.post(HERE + "network/", {"network": "n1", "reason": "one hall"})
    assert again.status_code == 422
    assert "Nobody who is not in quarantine" in again.content.decode()


def rules(**more):
    names = [field.name for field in VotingRules._meta.fields if field.name not in ("id", "board")]
    fields = {name: getattr(VotingRules(), name) for name in names}
    fields = {name: value for name, value in fields.items() if value is not False}
    return {**fields, "leak_names": "", "reason": "tried", **more}


def test_rules_are_kept_logged_and_heeded(mod, made):
    VoterReport.objects.filter(board=made.board).update(
        lines=[{"voter": "user:2", "position_p": 1e-5, "information_p": None, "n": 12}]
    )
    response = mod.post(HERE + "rules/", rules(quarantine_by_test="on", leak_names="acme bot\n\nacme"))
    assert response.status_code == 302
    kept = VotingRules.objects.get()
    assert (kept.quarantine_by_test, kept.leak_names) == (True, ["acme bot", "acme"])
    assert QuarantineDecision.objects.get().voter == "user:2"
    assert [row.action for row in AuditEntry.objects.order_by("number")] == ["rules-changed", "voter-quarantined"]
    assert AuditEntry.objects.get(number=1).data == (
        '{"leak_names":[[],["acme bot","acme"]],"quarantine_by_test":[false,true]}'
    )


@pytest.mark.parametrize(
    "wrong", [{"alpha": "2"}, {"attention_share": "0.9"}, {"leaks": "shout"}, {"network_day": "-1"}, {"reason": ""}]
)
def test_rules_that_cannot_be_are_told_at_their_field(mod, made, wrong):
    response = mod.post(HERE + "rules/", rules(**wrong))
    assert response.status_code == 422
    assert f'id="id_{next(iter(wrong))}_error"' in response.content.decode()
    assert not VotingRules.objects.exists()


def test_a_share_of_known_pairs_has_them_found(mod, made):
    made.answer("ada", "p0"), made.answer("eve", "p0", text="")
    pair = made.pair("ada", "eve", "p0")
    mod.post(HERE + "rules/", rules(attention_share="0.1"))
    known = KnownPair.objects.get()
    assert (known.comparison, known.why) == (pair, "answer against an empty one")
    assert known.expected == ("a" if pair.entry_a == made.entries["ada"] else "b")


def test_the_log_as_csv_can_be_worked_out_again(mod, made):
    for on in "10":
        mod.post(HERE + "decide/", {"voter": "=cmd()", "quarantined": on, "reason": "=1+1"})
    body = b"".join(mod.get(HERE + "decisions.csv").streaming_content).decode()
    assert "\n=" not in body
    assert ",=" not in body
    rows = list(csv.DictReader(io.StringIO(body)))
    assert [row["action"] for row in rows] == ["voter-quarantined", "voter-released"]
    assert rows[1]["previous"] == rows[0]["digest"]
    assert audit_log.check().head == rows[1]["digest"]


def test_a_changed_log_and_a_check_that_cannot_be_made_are_alarms(mod, made):
    mod.post(HERE + "decide/", {"voter": "user:1", "quarantined": "1", "reason": "seen"})
    VoteSignal.objects.create(vote=Vote.objects.first(), check_kind="proof-of-work", check_state="unchecked")
    text = mod.get(HERE).content.decode()
    assert "could not be made on 1 vote of the last day" in text
    assert "The chain of 1 entry holds" in text
    super(type(AuditEntry.objects.all()), AuditEntry.objects.all()).update(reason="never")
    assert "entry 1 does not follow" in mod.get(HERE).content.decode()


def test_more_voters_and_decisions_cost_no_more_queries(mod, made):
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert mod.get(HERE).status_code == 200
        return len(found)

    few = cost()
    lines = VoterReport.objects.get().lines
    VoterReport.objects.update(lines=[{**lines[0], "voter": f"user:{i}"} for i in range(60)])
    for i in range(30):
        mod.post(HERE + "decide/", {"voter": f"user:{i}", "quarantined": "1", "reason": "seen"})
    assert cost() == few
    text = mod.get(HERE + "?page=3").content.decode()
    assert "Page 3 of 3" in text
    assert "user:59" in text


def test_what_the_tests_decide_for_a_reader_of_chinese_is_stored_in_english(mod, made):
    VoterReport.objects.filter(board=made.board).update(
        lines=[{"voter": "user:2", "position_p": 1e-5, "information_p": 1e-5, "n": 12}]
    )
    sent = rules(quarantine_by_test="on")
    assert mod.post(HERE + "rules/", sent, headers={"accept-language": "zh-CN"}).status_code == 302
    reason = "By the voter tests: favours one side of the page and does not follow which answer is better."
    assert QuarantineDecision.objects.get().reason == reason
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "actor", "reason")) == [
        ("rules-changed", "mod", "tried"),
        ("voter-quarantined", "voter tests", reason),
    ]
    english, chinese = (mod.get(HERE, headers={"accept-language": code}).content.decode() for code in ("en", "zh-CN"))
    assert english.count(reason) == 2
    assert (reason in chinese, chinese.count("投票者检验：偏向页面的一侧，且不依据哪个回答更好。")) == (False, 2)
    assert "<td>隔离投票者</td>" in chinese


def test_a_second_change_of_the_rules_is_logged_with_what_was(mod, made):
    assert mod.post(HERE + "rules/", rules(account_day="5")).status_code == 302
    assert mod.post(HERE + "rules/", rules(account_day="7")).status_code == 302
    logged = AuditEntry.objects.order_by("pk").values_list("data", flat=True)
    assert list(logged) == ['{"account_day":[2000,5]}', '{"account_day":[5,7]}']
