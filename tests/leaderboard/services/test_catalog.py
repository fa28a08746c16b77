"""Rows of models: one for each pinned identity, with the newest settings."""

from __future__ import annotations

import pytest

from leaderboard.contracts.values import ModelIdentity
from leaderboard.models import LanguageModel
from leaderboard.services import catalog

pytestmark = pytest.mark.django_db
IDENTITY = ModelIdentity("hub", "org/model", "abc")


def test_a_corrected_setting_counts_from_then_on():
    first = catalog.named_model(generator="openai", identity=IDENTITY, params={"key": "env:OLD"})
    second = catalog.named_model(generator="openai", identity=IDENTITY, params={"key": "env:NEW"})
    assert (first.pk, second.params) == (second.pk, {"key": "env:NEW"})
    assert LanguageModel.objects.get().params == {"key": "env:NEW"}


def test_another_revision_is_another_model():
    catalog.named_model(generator="openai", identity=IDENTITY, params={})
    catalog.named_model(generator="openai", identity=ModelIdentity("hub", "org/model", "abc bfloat16"), params={})
    assert LanguageModel.objects.count() == 2
