"""Signing in with OpenID Connect, against a real provider on loopback."""

from __future__ import annotations

import logging
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client

from leaderboard.models import User, VerifiedEmail, VoterLink
from leaderboard.services import arenas, voter_links
from leaderboard.services.arenas import ArenaSettings
from tests.leaderboard.web.test_pages import shown
from tests.leaderboard.web.test_vote import token_on
from tests.oidc_provider import GRACE, running, setting

pytestmark = pytest.mark.django_db(transaction=True)
GO, BACK, VOTE = "/sign-in/with/acme/", "/sign-in/with/acme/back/", "/boards/duel/vote/"


@pytest.fixture
def acme(settings):
    """A provider that is set up."""
    with running() as provider:
        settings.OIDC_PROVIDERS_SECRET = setting(provider)
        yield provider


def start(client, **sent):
    """Press the button; the provider's address that the page leads on to."""
    answer = client.post(GO, sent)
    assert answer.status_code == 200, answer.content.decode()
    assert answer["Refresh"].startswith("0; url=http://127.0.0.1")
    return answer["Refresh"].removeprefix("0; url=")


def finish(client, address):
    """What the browser does at the provider, and the answer on the way back."""
    back = urlsplit(requests.get(address, timeout=5).headers["X-Back"])
    return client.get(f"{back.path}?{back.query}")


def sign_in(client, **sent):
    return finish(client, start(client, **sent))


def signed_in(client) -> str:
    """Who is signed in, "" for nobody."""
    answer = client.get("/account/")
    return answer.wsgi_request.user.get_username() if answer.status_code == 200 else ""


def test_without_a_provider_there_is_no_button_and_no_page(client, db):
    assert "/sign-in/with/" not in shown(client, "/sign-in/")
    assert client.post(GO).status_code == 404 and client.get(BACK).status_code == 404
    call_command("check")


def test_a_half_provider_has_no_button_and_is_named_by_the_check(client, settings):
    settings.OIDC_PROVIDER = {**settings.OIDC_PROVIDER, "issuer": "https://id.example.org"}
    settings.OIDC_PROVIDERS_SECRET = '[{"id": "far", "name": "Far", "issuer": "http://far.example", "client_id": "c"}]'
    with pytest.raises(SystemCheckError) as told:
        call_command("check")
    for fault in (
        "TOUCHSTONE_OIDC_CLIENT_ID is missing",
        "[0].client_secret is missing",
        "[0].issuer: must be an https",
    ):
        assert fault in str(told.value)
    assert "/sign-in/with/" not in shown(client, "/sign-in/")


def test_a_button_leads_there_and_back_to_where_one_was(client, acme):
    assert 'action="/sign-in/with/acme/"' in shown(client, "/sign-in/?next=/submit/")
    address = start(client, next="/submit/")
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"] and len(asked["nonce"][0]) >= 24 and len(asked["state"][0]) >= 16
    assert asked["redirect_uri"] == [f"http://testserver{BACK}"]
    assert finish(client, address).url == "/submit/"
    user = User.objects.get()
    assert (signed_in(client), user.has_usable_password(), user.email) == ("grace", False, "")
    assert VerifiedEmail.objects.get().address == "grace@example.org" in shown(client, "/account/")
    identity = SocialAccount.objects.get()
    assert (identity.provider, identity.uid, identity.extra_data) == ("acme", "grace-1", {})
    client.post("/sign-out/")
    assert signed_in(client) == ""


def test_the_same_person_twice_is_one_account(client, acme):
    sign_in(client)
    acme.person = {**GRACE, "preferred_username": "other", "email": "new@example.org"}
    again = Client()
    sign_in(again)
    assert User.objects.count() == SocialAccount.objects.count() == 1
    assert signed_in(again) == "grace" and VerifiedEmail.objects.get().address == "new@example.org"


def test_names_that_are_taken_or_no_names_get_another(client, acme):
    User.objects.create_user("Grace")
    sign_in(client)
    assert signed_in(client).startswith("grace-")
    acme.person = {"sub": "2", "preferred_username": "<b>&"}
    sign_in(Client())
    assert User.objects.filter(username="b").exists()
    acme.person = {"sub": "3"}
    sign_in(Client())
    assert User.objects.filter(username__startswith="acme-").exists()


def test_it_does_not_send_people_elsewhere(client, acme):
    assert sign_in(client, next="https://evil.example/").url == "/"


def refused(client, answer, word):
    """The page says why, with 403, and nobody is signed in or made."""
    assert answer.status_code == 403
    assert word in answer.content.decode()
    assert signed_in(client) == "" and not User.objects.exists()


def test_a_state_is_good_once_in_the_browser_that_went_out(client, acme):
    address = start(client)
    back = requests.get(address, timeout=5).headers["X-Back"].partition("testserver")[2]
    refused(Client(), Client().get(back), "not started in this browser")
    refused(client, client.get(f"{BACK}?state=made-up&code=x"), "not started in this browser")
    refused(client, client.get(BACK), "not started in this browser")
    assert client.get(back).url == "/"
    client.post("/sign-out/")
    assert client.get(back).status_code == 403


def test_a_state_of_another_provider_is_not_taken(client, acme, settings):
    settings.OIDC_PROVIDERS_SECRET = setting(acme)[:-1] + "," + setting(acme, "other", "Other")[1:]
    back = requests.get(start(client), timeout=5).headers["X-Back"].partition("testserver")[2]
    refused(client, client.get(back.replace("/acme/", "/other/")), "not started in this browser")


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"aud": "another client"},
        {"aud": ["touchstone", "another"]},
        {"aud": ["touchstone", "another"], "azp": "another"},
        {"azp": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": 9_999_999_999},
        {"sub": None},
        {"sub": ""},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_in_is_not_believed(client, acme, claims, caplog):
    acme.claims = claims
    with caplog.at_level(logging.WARNING):
        refused(client, sign_in(client), "not believed")
    assert [record.levelname for record in caplog.records if record.name == "leaderboard.web.oidc"] == ["WARNING"]


def test_a_signature_must_be_by_a_published_key(client, acme):
    acme.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    refused(client, sign_in(client), "not believed")
    acme.kid = "unknown"
    refused(client, sign_in(client), "not believed")


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_without_a_public_key_signature_is_not_believed(client, acme, algorithm):
    acme.algorithm, acme.key = algorithm, None if algorithm == "none" else "a secret of thirty-two bytes....."
    refused(client, sign_in(client), "not believed")


def test_a_code_is_good_for_its_own_verifier_only(client, acme):
    back = requests.get(start(client), timeout=5).headers["X-Back"].partition("testserver")[2]
    for asked in acme.codes.values():
        asked["code_challenge"] = "of another browser"
    refused(client, client.get(back), "took its answer back")


def test_breaking_off_at_the_provider_is_told(client, acme):
    acme.person = None
    refused(client, sign_in(client), "broke off")


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys"])
def test_a_provider_that_is_down_is_an_alarm_and_no_refusal(client, acme, path, caplog):
    address = start(client)
    acme.down.add(path)
    with caplog.at_level(logging.WARNING):
        answer = finish(client, address)
    assert answer.status_code == 503 and "nothing of yours was refused" in answer.content.decode()
    told = [record for record in caplog.records if record.name == "leaderboard.web.oidc"]
    assert [record.levelname for record in told] == ["ERROR"] and "503" in told[0].getMessage()
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "config",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://far.example/authorize"},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_a_provider_that_describes_itself_wrongly_is_an_alarm(client, acme, config, caplog):
    acme.config = config
    assert client.post(GO).status_code == 503
    assert "ERROR" in {record.levelname for record in caplog.records}


def test_a_provider_that_is_not_there_is_an_alarm(client, settings, db):
    with running() as gone:
        settings.OIDC_PROVIDERS_SECRET = setting(gone)
    assert client.post(GO).status_code == 503


def test_a_wrong_secret_is_an_alarm(client, acme, settings, caplog):
    settings.OIDC_PROVIDERS_SECRET = setting(acme).replace("s3cret", "wrong")
    assert sign_in(client).status_code == 503
    assert "/token answered 401" in caplog.text and "wrong of the client" not in caplog.text


@pytest.mark.parametrize("verified", [False, None, "true"])
def test_an_address_counts_only_where_the_provider_confirms_it(client, acme, verified):
    User.objects.create_user("owner", email="grace@example.org")
    acme.person = {**GRACE, "email_verified": verified}
    assert sign_in(client).url == "/"
    assert signed_in(client) == "grace" and not VerifiedEmail.objects.exists()


def test_an_address_is_taken_back_when_the_provider_confirms_it_no_more(client, acme):
    sign_in(client)
    acme.person = {**GRACE, "email_verified": False}
    sign_in(Client())
    assert not VerifiedEmail.objects.exists()


def test_user_info_fills_what_the_token_leaves_out_for_the_same_person_only(client, acme):
    acme.thin = True
    sign_in(client)
    assert VerifiedEmail.objects.get().address == "grace@example.org"
    acme.info = {"sub": "mallory"}
    assert sign_in(Client()).status_code == 403


@pytest.mark.parametrize("confirmed", [True, False])
def test_an_account_with_the_address_is_never_taken_over(client, acme, confirmed):
    owner = User.objects.create_user("owner", email="" if confirmed else "GRACE@example.org", password="a long phrase")
    if confirmed:
        VerifiedEmail.objects.create(user=owner, address="grace@example.org")
    answer = sign_in(client)
    assert answer.status_code == 403 and "Sign in to it in your usual way" in answer.content.decode()
    assert User.objects.count() == 1 and not SocialAccount.objects.exists()

    client.force_login(owner)
    assert "Connect Acme" in shown(client, "/account/")
    assert sign_in(client, connect="yes").url == "/account/"
    again = Client()
    sign_in(again)
    assert signed_in(again) == "owner"


def test_an_identity_belongs_to_one_account(client, ada, acme):
    sign_in(Client())
    answer = sign_in(ada, connect="yes")
    assert answer.status_code == 403 and "Another account here" in answer.content.decode()
    assert SocialAccount.objects.get().user.username == "grace"


def test_only_the_account_that_asked_is_connected(client, ada, acme):
    address = start(ada, connect="yes")
    ada.force_login(User.objects.create_user("bob"))
    assert finish(ada, address).status_code == 403
    assert not SocialAccount.objects.exists()


def test_an_identity_is_taken_off_but_never_the_last_way_in(client, ada, user, acme):
    sign_in(ada, connect="yes")
    number = SocialAccount.objects.get().pk
    client.force_login(User.objects.create_user("bob"))
    client.post("/account/identities/", {"identity": number})
    assert SocialAccount.objects.count() == 1
    ada.force_login(user)
    ada.post("/account/identities/", {"identity": number})
    assert not SocialAccount.objects.exists() and not VerifiedEmail.objects.exists()
    sign_in(client)
    client.post("/account/identities/", {"identity": SocialAccount.objects.get().pk})
    assert "only way to sign in" in shown(client, "/account/")
    assert SocialAccount.objects.count() == 1


def test_a_closed_account_stays_closed(client, acme):
    sign_in(client)
    client.post("/sign-out/")
    User.objects.update(is_active=False)
    answer = sign_in(client)
    assert answer.status_code == 403 and "closed" in answer.content.decode()
    assert signed_in(client) == ""


def test_who_left_keeps_no_address(client, acme):
    sign_in(client)
    voter_links.erase(User.objects.get())
    sign_in(client)
    assert not VerifiedEmail.objects.exists() and VoterLink.objects.get().voter is None


def arena(board, **settings):
    return arenas.make(board, ArenaSettings(slug="duel", title="Duel", **settings), user=None)


def test_an_arena_of_a_provider_takes_its_people_alone(client, ada, board, acme):
    arena(board, access="provider", providers=["acme"])
    assert "sign in with a certain provider" in shown(Client(), VOTE)
    page = shown(ada, VOTE)
    assert "Connect Acme" in page and 'value="/boards/duel/join/"' in page
    assert sign_in(ada, connect="yes", next="/boards/duel/join/").url == "/boards/duel/join/"
    assert token_on(shown(ada, VOTE))


def test_an_arena_of_a_provider_that_is_gone_says_so(client, board, acme, settings):
    arena(board, access="provider", providers=["acme"])
    settings.OIDC_PROVIDERS_SECRET = ""
    assert "not set up on this server now" in shown(client, VOTE)


def test_an_arena_of_a_domain_takes_confirmed_addresses_of_the_provider(client, board, acme):
    arena(board, access="domain", domains=["example.org"])
    sign_in(client)
    assert token_on(shown(client, VOTE))
    acme.person = {**GRACE, "sub": "other", "email": "eve@elsewhere.org"}
    other = Client()
    sign_in(other)
    assert "verified e-mail address of certain domains" in shown(other, VOTE)


def test_an_arena_names_providers_that_are_there(client, board, acme):
    client.force_login(User.objects.create_user("eve", is_staff=True))
    sent = {"slug": "duel", "title": "Duel", "share": "1", "access": "provider"}
    form = client.post("/boards/sums/arena/new/", sent).context["form"]
    assert "Name the providers" in form.errors["providers"][0]
    assert client.post("/boards/sums/arena/new/", {**sent, "providers": ["acme"]}).url == "/boards/duel/arena/"
    assert "acme" in shown(client, "/boards/duel/arena/")


def test_a_state_expires(client, acme, monkeypatch):
    back = requests.get(start(client), timeout=5).headers["X-Back"].partition("testserver")[2]
    later = time.time() + 700
    monkeypatch.setattr("allauth.socialaccount.internal.statekit.time.time", lambda: later)
    refused(client, client.get(back), "took too long")
