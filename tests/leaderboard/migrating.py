"""Makes a database and tells what is in it as JSON, in its own process: `python -m tests.leaderboard.migrating WAY`.

`new` migrates an empty database. `old` first goes to 0016 as the versions before the squash did, and leaves there the
account of a voter and a decision that names the voter by number.
"""

from __future__ import annotations

import io
import json
import re
import sys
from typing import Any

import django
from django.core.management import call_command
from django.db import connection

BEFORE_WORDS = "0016_pairs_planned"
COLUMNS = """
    SELECT table_name, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale,
           is_nullable, column_default, is_identity
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name LIKE 'leaderboard%'"""
CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE conrelid::regclass::text LIKE 'leaderboard%'"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'leaderboard%'"
SQLITE = "SELECT tbl_name, name, sql FROM sqlite_master WHERE tbl_name LIKE 'leaderboard%' AND sql IS NOT NULL"


def numbered() -> None:
    """Apply the migrations one by one up to 0016, then write what that version would have written."""
    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.loader import MigrationLoader

    executor = MigrationExecutor(connection)
    executor.loader = MigrationLoader(connection, replace_migrations=False)
    state = executor.migrate([("leaderboard", BEFORE_WORDS)])
    user = state.apps.get_model("leaderboard", "User").objects.create(username="ada")
    decisions = state.apps.get_model("leaderboard", "QuarantineDecision").objects
    decisions.create(voter=f"user:{user.pk}", quarantined=True, reason="seen")


def voters() -> dict[str, Any]:
    """Who decisions are about, and which word leads to which account."""
    from leaderboard.models import QuarantineDecision, VoterLink

    links = dict(VoterLink.objects.values_list("voter", "user__username"))
    return {"decided": list(QuarantineDecision.objects.values_list("voter", flat=True)), "links": links}


def schema() -> list[list[object]]:
    """Columns, constraints and indexes of our tables, each a row, sorted."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            rows = [row for query in (COLUMNS, CONSTRAINTS, INDEXES) for row in cursor.execute(query).fetchall()]
        else:
            rows = [row for found in cursor.execute(SQLITE).fetchall() for row in _parts(*found)]
    return sorted(([*row] for row in rows), key=str)


def _parts(table: str, name: str, sql: str) -> list[tuple[str, ...]]:
    """A table's SQL by columns and constraints, since columns that came later stand last; an index as it is."""
    if not sql.startswith("CREATE TABLE"):
        return [(table, name, sql)]
    body = sql[sql.index("(") + 1 : sql.rindex(")")]
    depth, parts = 0, [""]
    for sign in re.findall(r"'[^']*'|.", body, re.DOTALL):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return [(table, part.strip()) for part in parts]


def migrate() -> list[str]:
    """What `manage.py migrate` applies of ours."""
    said = io.StringIO()
    call_command("migrate", stdout=said)
    return re.findall(r"Applying leaderboard\.(\w+)", said.getvalue())


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "old":
        numbered()
    print(json.dumps({"applied": migrate(), "again": migrate(), "schema": schema(), "voters": voters()}))
