"""Arenas by page: made in one form, joined by invitation and consent, paused, and who may do what."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client
from django.utils import timezone

from leaderboard.models import Admission, ArenaPolicy, Board, Invite, User, Vote
from leaderboard.services import access, addresses, arena_changes, arenas, invites
from leaderboard.services.arenas import ArenaSettings
from tests.leaderboard.web.test_pages import shown
from tests.leaderboard.web.test_vote import token_on

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "/boards/sums/arena/new/"
VOTE, JOIN, RUN = "/boards/duel/vote/", "/boards/duel/join/", "/boards/duel/arena/"


@pytest.fixture
def operator(client, db):
    client.force_login(User.objects.create_user("eve", is_staff=True))
    return client


@pytest.fixture
def open_arena(board):
    """Makes the arena `duel` with some settings."""

    def make(**settings):
        return arenas.make(board, ArenaSettings(slug="duel", title="Duel", **settings), user=None)

    return make


def filled(client, **changed):
    """The form as it is shown, with some values changed."""
    form = client.get(NEW).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in {**values, **changed}.items() if value not in (None, False)}


def test_a_bad_value_is_told_at_its_field_and_the_mended_form_opens_an_arena(operator, board):
    bad = filled(operator, slug="Duel!", share="1.5", access="domain", domains="not a domain", consent="Be fair.")
    answer = operator.post(NEW, bad)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert {"share"} <= set(form.errors) and "Be fair." in answer.content.decode()
    form = operator.post(NEW, {**bad, "share": "0.5"}).context["form"]
    assert set(form.errors) == {"slug", "domains"}
    assert "is not a domain" in form.errors["domains"][0]
    good = {**bad, "slug": "duel", "share": "0.5", "domains": "Example.org"}
    assert operator.post(NEW, good).url == RUN
    made = Board.objects.get(slug="duel")
    assert (made.parent, made.policy.access, made.policy.domains) == (board, "domain", ["example.org"])
    assert (made.policy.prompts.count(), made.policy.asked) == (3, "3 prompts, a random 50 %")
    assert made.policy.sampling["uniform"] == 0.2
    assert "Voting is open." in shown(operator, RUN)


def test_a_taken_name_and_one_entry_alone_are_refused(operator, board, people):
    one = board.entries.first().slug
    form = operator.post(NEW, filled(operator, slug="people", entries=[one])).context["form"]
    assert "Choose two entries" in form.errors["entries"][0]
    form = operator.post(NEW, filled(operator, slug="people")).context["form"]
    assert "already" in form.errors["slug"][0]
    assert not ArenaPolicy.objects.exists()


def test_votes_can_be_rated_apart_on_boards_of_their_own(operator, board):
    chosen = [entry.slug for entry in board.entries.all()]
    operator.post(NEW, filled(operator, slug="duel", apart="on", entries=chosen))
    found = {
        b.slug: (b.voters, b.open_to_votes, b.ranked_entries().count()) for b in Board.objects.filter(parent=board)
    }
    assert found == {
        "duel": ("all", True, 2),
        "duel-named": ("named", False, 2),
        "duel-anonymous": ("anonymous", False, 2),
    }


def test_only_staff_and_those_with_the_right_run_arenas(client, ada, user, board, open_arena):
    open_arena()
    for address in (NEW, RUN):
        assert Client().get(address).status_code == 302
        assert ada.get(address).status_code == 403
    assert ada.post(RUN, {"action": "pause"}).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="run_arena"))
    assert "Pause voting" in shown(ada, RUN)
    assert "New arena" in shown(ada, "/boards/sums/")
    assert "New arena" not in shown(Client(), "/boards/sums/")


def test_a_paused_arena_takes_no_vote_and_goes_on_later(client, open_arena):
    arena = open_arena()
    token = token_on(shown(client, VOTE))
    arena_changes.change(arena, {"paused": True}, user=None)
    assert "paused" in shown(client, VOTE)
    assert client.post(VOTE, {"token": token, "choice": "left"}).status_code == 403
    assert not Vote.objects.exists()
    arena_changes.change(arena, {"paused": False}, user=None)
    client.post(VOTE, {"token": token, "choice": "left"})
    assert Vote.objects.count() == 1


def test_consent_is_asked_before_the_first_vote_kept_word_for_word_and_asked_again_when_changed(client, open_arena):
    arena = open_arena(consent="Votes are published.\nBe fair.")
    page = shown(client, VOTE)
    assert "Be fair." in page and "token" not in page.replace("csrfmiddlewaretoken", "")
    assert client.post(JOIN, {}).status_code == 422
    assert "Tick the box" in client.post(JOIN, {"accepted": "something else"}).content.decode()
    digest = re.search(r'name="accepted" value="(\w+)"', page)[1]
    assert client.post(JOIN, {"accepted": digest}).url == VOTE
    assert token_on(shown(client, VOTE))
    assert Admission.objects.get().consent.text == "Votes are published.\nBe fair."
    arena_changes.change(arena, {"consent": "Votes are published and sold."}, user=None)
    assert "and sold" in shown(client, VOTE)
    assert client.post(JOIN, {"accepted": digest}).status_code == 422


def test_an_invitation_lets_in_as_many_as_it_says_and_is_not_used_up_by_looking(client, open_arena):
    arena = open_arena(invite_only=True)
    invite = invites.make(arena, label="the class", most=1, user=None)
    link = f"{JOIN}{invites.token_of(invite)}/"
    assert "by invitation" in shown(client, VOTE)
    assert "You are invited" in shown(client, link) and "You are invited" in shown(Client(), link)
    assert Invite.objects.get().used == 0
    assert client.post(link).url == VOTE
    assert client.post(link).url == VOTE
    assert token_on(shown(client, VOTE))
    other = Client()
    body = shown(other, link)
    assert "used as often as it can be" in body and "Start voting" not in body and "You are invited" not in body
    assert "used as often as it can be" in other.post(link).content.decode()
    assert (Invite.objects.get().used, Admission.objects.count()) == (1, 1)


@pytest.mark.parametrize("fault", ["forged", "foreign", "expired", "revoked"])
def test_a_bad_invitation_says_why(client, people, open_arena, fault):
    arena = open_arena(invite_only=True)
    invite = invites.make(people if fault == "foreign" else arena, label="x", days=1, user=None)
    token = invites.token_of(invite) + ("x" if fault == "forged" else "")
    if fault == "expired":
        Invite.objects.update(expires_at=timezone.now())
    if fault == "revoked":
        assert invites.revoke(invite) and not invites.revoke(invite)
    words = {"forged": "not made here", "foreign": "another board", "expired": "expired", "revoked": "taken back"}
    answer = client.post(f"{JOIN}{token}/")
    assert answer.status_code == 422 and words[fault] in answer.content.decode()
    assert not Admission.objects.exists()


@pytest.mark.parametrize("number", ["", "x", "²", "0", "9" * 18, "9" * 25, "9" * 5000])
def test_an_invitation_that_is_not_there_cannot_be_taken_back(operator, open_arena, number):
    open_arena(invite_only=True)
    assert operator.post(RUN, {"action": "revoke", "invite": number}).status_code == 404


def test_the_operator_makes_and_takes_back_invitations(operator, open_arena):
    open_arena(invite_only=True)
    answer = operator.post(RUN, {"action": "invite", "label": "", "days": "0", "most": "-1"})
    assert answer.status_code == 422 and {"label"} <= set(answer.context["form"].errors)
    answer = operator.post(RUN, {"action": "invite", "label": "them", "days": "0", "most": "-1"})
    assert {"days", "most"} == set(answer.context["form"].errors)
    operator.post(RUN, {"action": "invite", "label": "the class", "days": "7", "most": "30"})
    body = shown(operator, RUN)
    assert "the class" in body and "0 of 30" in body and f"http://testserver{JOIN}" in body
    operator.post(RUN, {"action": "revoke", "invite": Invite.objects.get().pk})
    assert "This invitation was taken back" in shown(operator, RUN)


def test_accounts_alone_vote_where_the_board_says_so(client, user, open_arena):
    open_arena(access="account")
    assert "Only people with an account" in shown(client, VOTE)
    client.force_login(user)
    assert token_on(shown(client, VOTE))


def test_an_address_of_the_domain_is_confirmed_by_a_link_that_was_sent(ada, user, open_arena):
    open_arena(access="domain", domains=["example.org"])
    assert "verified e-mail address" in shown(ada, VOTE)
    for address, word in (("nonsense", "Write an e-mail address"), ("ada@example.org", "on its way")):
        ada.post("/account/address/", {"address": address})
        assert word in shown(ada, "/account/")
    link = re.search(r"http://testserver(/account/address/\S+)", mail.outbox[0].body)[1]
    other = Client()
    other.force_login(User.objects.create_user("mallory"))
    other.get(link)
    assert not hasattr(User.objects.get(username="mallory"), "verified_email")
    ada.get(link)
    assert "ada@example.org is confirmed" in shown(ada, "/account/")
    assert token_on(shown(ada, VOTE))
    addresses.confirm(user, "ada@sub.example.org")
    assert "verified e-mail address" in shown(ada, VOTE)


def test_a_link_is_sent_in_the_language_of_who_asked_for_it(ada, user):
    chinese = {"accept-language": "zh-CN"}
    ada.post("/account/address/", {"address": "ada@example.org"}, headers=chinese)
    (sent,) = mail.outbox
    assert (sent.subject, sent.to) == ("请验证您的邮箱", ["ada@example.org"])
    assert "http://testserver/account/address/" in sent.body
    assert "账号“ada”" in sent.body
    assert "链接已发往该邮箱" in ada.get("/account/", headers=chinese).content.decode()


def test_without_a_mail_server_the_page_says_so(ada, open_arena, settings):
    open_arena(access="domain", domains=["example.org"])
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = ""
    assert "sends no e-mail" in shown(ada, VOTE)
    ada.post("/account/address/", {"address": "ada@example.org"})
    assert "sends no e-mail" in shown(ada, "/account/")
    assert not mail.outbox


def test_the_gate_costs_two_queries_at_most(client, user, open_arena, django_assert_max_num_queries):
    arena = Board.objects.select_related("policy").get(
        pk=open_arena(access="domain", domains=["a.org"], consent="x").pk
    )
    addresses.confirm(user, "ada@a.org")
    with django_assert_max_num_queries(2):
        assert access.gate(arena, voter="user:w", user=user) == access.Gate.CONSENT


def change_form(operator, **more):
    """What the form of a running arena is filled with, and what of it is changed."""
    form = operator.get(RUN).context["change"]
    filled = {field.html_name: field.value() for field in form if field.value() not in (None, False)}
    return {**filled, "change-reason": "Because.", "action": "change", **{f"change-{k}": v for k, v in more.items()}}


def test_a_running_arena_is_changed_in_the_form_and_the_change_is_listed(operator, board, open_arena):
    arena = open_arena()
    first, second = sorted(entry.slug for entry in board.entries.all())
    assert "Latest changes" not in shown(operator, RUN)
    sent = change_form(operator, **{"sampling-uniform": "0.5", "limits-account_minute": "7", "access": "account"})
    assert operator.post(RUN, sent).url == RUN
    arena = Board.objects.get(pk=arena.pk)
    assert (arena.policy.sampling["uniform"], arena.policy.access) == (0.5, "account")
    assert arena.voting_rules.account_minute == 7
    page = shown(operator, RUN)
    assert "The arena is changed." in page and "Latest changes" in page and "Because." in page
    operator.post(RUN, change_form(operator))
    assert "Nothing was different" in shown(operator, RUN)
    wrong = operator.post(RUN, change_form(operator, entries=[first], **{"sampling-weights": f'{{"{second}": 500}}'}))
    assert wrong.status_code == 422
    errors = wrong.context["change"].errors
    assert "A weight lies between" in errors["sampling-weights"][0]
    wrong = operator.post(RUN, change_form(operator, entries=[first]))
    assert "two entries" in wrong.context["change"].errors["entries"][0]


def test_a_change_needs_a_reason(operator, open_arena):
    open_arena()
    answer = operator.post(RUN, change_form(operator, reason=""))
    assert answer.status_code == 422 and "reason" in answer.context["change"].errors


def test_what_an_arena_says_of_itself_is_shown_in_the_readers_language(client, open_arena):
    open_arena()
    page = client.get("/boards/duel/", headers={"accept-language": "zh-CN"}).content.decode()
    assert "只按人们的盲投排名。" in page
    assert "Ranked by blind votes of people alone." in shown(client, "/boards/duel/")
