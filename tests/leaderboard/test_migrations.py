"""A new database and one that began with the first migrations end alike."""

from __future__ import annotations

import json
import re

import pytest
from django.db.migrations.loader import MigrationLoader

from tests.e2e.runs import call, environment
from tests.services import postgres

pytestmark = pytest.mark.slow
SQUASHED = "0001_squashed_0021_retired_entries"


def check_both_ways(old: dict[str, str], new: dict[str, str]) -> None:
    """Migrate an older database and a new one, and compare all that is in them."""
    grown, made = (
        json.loads(call(env, "python", "-m", "tests.leaderboard.migrating", way))
        for env, way in ((old, "old"), (new, "new"))
    )
    assert grown["applied"][:2] == ["0017_voters_by_random_words", "0018_votes_without_accounts"]
    assert made["applied"][0] == SQUASHED and SQUASHED not in grown["applied"]
    assert made["applied"][1:] == grown["applied"][6:] and made["again"] == grown["again"] == []
    assert len(made["schema"]) > 600 and grown["schema"] == made["schema"]
    (voter,) = grown["voters"]["decided"]
    assert re.fullmatch("user:[0-9a-f]{32}", voter) and grown["voters"]["links"] == {voter: "ada"}


def test_an_older_database_and_a_new_one_have_the_same_tables(tmp_path):
    check_both_ways(environment(tmp_path / "old"), environment(tmp_path / "new"))


@pytest.mark.services
def test_so_they_have_on_postgresql(tmp_path):
    import psycopg

    with postgres() as url:
        with psycopg.connect(url, autocommit=True) as server:
            for name in ("old", "new"):
                server.execute(f"CREATE DATABASE {name}")
        old, new = (environment(tmp_path, DATABASE_URL=url.removesuffix("postgres") + n) for n in ("old", "new"))
        check_both_ways(old, new)


def test_both_ways_lead_to_the_same_models():
    one_by_one = MigrationLoader(None, replace_migrations=False)
    node = ("leaderboard", "0021_retired_entries")
    squashed = ("leaderboard", SQUASHED)
    by_steps, at_once = one_by_one.project_state([node]), one_by_one.project_state([squashed])
    assert by_steps.models == at_once.models
    ours = {key for key in one_by_one.graph.forwards_plan(node) if key[0] == "leaderboard"}
    assert set(one_by_one.graph.nodes[squashed].replaces) == ours
