from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.conf import global_settings
from django.utils import timezone

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import ApiToken, User
from leaderboard.services import accounts

pytestmark = pytest.mark.django_db
GOOD = "correct horse battery"


@pytest.fixture
def user():
    return User.objects.create_user("ada")


def paths(call):
    with pytest.raises(InvalidInput) as caught:
        call()
    return {error.path for error in caught.value.errors}


def test_a_token_is_kept_as_a_digest_only(user):
    row, text = accounts.make_token(user=user, name=" laptop ", days=7)
    row.refresh_from_db()
    assert text.startswith("ts_") and len(text) > 40
    assert (row.name, row.prefix, row.digest) == ("laptop", text[:8], hashlib.sha256(text.encode()).hexdigest())
    assert text not in str(ApiToken.objects.values().get())
    assert timedelta(days=6) < row.expires_at - timezone.now() <= timedelta(days=7)
    assert accounts.user_of_token(text) == user


@pytest.mark.parametrize(
    "change",
    [
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"revoked_at": timezone.now()},
    ],
)
def test_an_expired_or_revoked_token_is_nobodys(user, change):
    row, text = accounts.make_token(user=user, name="t")
    ApiToken.objects.filter(pk=row.pk).update(**change)
    assert accounts.user_of_token(text) is None


def test_wrong_tokens_and_inactive_owners_get_nobody(user):
    row, text = accounts.make_token(user=user, name="t")
    for wrong in ("", row.digest, text[:-1], text.upper(), "\ud800", "a\x00"):
        assert accounts.user_of_token(wrong) is None
    User.objects.update(is_active=False)
    assert accounts.user_of_token(text) is None


def test_use_is_noted_once_a_minute(user, django_assert_num_queries):
    row, text = accounts.make_token(user=user, name="t")
    with django_assert_num_queries(2):
        accounts.user_of_token(text)
    with django_assert_num_queries(1):
        accounts.user_of_token(text)
    long_ago = timezone.now() - timedelta(minutes=2)
    ApiToken.objects.update(last_used_at=long_ago)
    accounts.user_of_token(text)
    row.refresh_from_db()
    assert row.last_used_at > long_ago


def test_revoking_twice_keeps_the_first_time(user):
    row, text = accounts.make_token(user=user, name="t")
    accounts.revoke_token(row)
    first = ApiToken.objects.get().revoked_at
    accounts.revoke_token(row)
    assert ApiToken.objects.get().revoked_at == first is not None
    assert accounts.user_of_token(text) is None


def test_a_token_needs_a_name_and_a_term(user):
    assert paths(lambda: accounts.make_token(user=user, name=" ", days=0)) == {("name",), ("days",)}
    assert paths(lambda: accounts.make_token(user=user, name="x" * 81, days=366)) == {("name",), ("days",)}
    assert not ApiToken.objects.exists()


def test_sign_up_hashes_the_password(settings):
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS
    user = accounts.sign_up(username="ada", password=GOOD)
    user.refresh_from_db()
    assert user.check_password(GOOD) and user.password.startswith("pbkdf2_sha256$")
    assert not (user.is_staff or user.is_superuser)


@pytest.mark.parametrize("name", ["", "a b", "x" * 151, "a\x00b", "Ada", "ADA"])
def test_sign_up_refuses_a_name(user, name):
    assert paths(lambda: accounts.sign_up(username=name, password=GOOD)) == {("username",)}


@pytest.mark.parametrize("password", ["", "short", "password", "lovelace", "x\x00" + GOOD, "\ud800" + GOOD, "x" * 5000])
def test_sign_up_refuses_a_password(password):
    assert paths(lambda: accounts.sign_up(username="lovelace", password=password)) == {("password",)}
    assert not User.objects.exists()


def test_sign_up_tells_both_faults(user):
    assert paths(lambda: accounts.sign_up(username="ada", password="1")) == {("username",), ("password",)}


def test_a_race_for_a_name_is_a_fault_of_the_name(user, monkeypatch):
    monkeypatch.setattr(accounts, "_username_faults", lambda user: [])
    assert paths(lambda: accounts.sign_up(username="ada", password=GOOD)) == {("username",)}
