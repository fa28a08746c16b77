"""The page of the voter tests: for those with the right alone."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from leaderboard.models import VoterFlag

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(board):
    for kind in ("position", "uninformative"):
        VoterFlag.objects.create(board=board, voter="user:9", kind=kind, evidence={"n": 40, "position_z": 6.325})
    return f"/boards/{board.slug}/voters/"


def test_strangers_sign_in_and_others_are_refused(client, page, user):
    assert client.get(page).status_code == 302
    client.force_login(user)
    assert client.get(page).status_code == 403


def test_those_with_the_right_see_each_sign_with_its_numbers(ada, page, user, django_assert_num_queries):
    user.user_permissions.add(Permission.objects.get(codename="view_voters"))
    text = ada.get(page).content.decode()
    assert "user:9" in text
    assert "Votes for one side of the page more often" in text
    assert "n 40, position z 6.33" in text or "n 40, position z 6.32" in text
