"""Votes named their accounts by number; now a random word stands there, and one row leads from the account to it."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import migrations

NAMED = "user:"
OLD = r"^user:[0-9]+$"


def rename(apps: Any, _: Any) -> None:
    """Give each account that voted its word, in all that names voters."""
    tables = [apps.get_model("leaderboard", name) for name in ("Ballot", "Vote", "VoterFlag", "QuarantineDecision")]
    link, user = apps.get_model("leaderboard", "VoterLink"), apps.get_model("leaderboard", "User")
    old = {name for table in tables for name in table.objects.filter(voter__regex=OLD).values_list("voter", flat=True)}
    for name in sorted(old):
        number, word = int(name.removeprefix(NAMED)), f"{NAMED}{secrets.token_hex(16)}"
        if user.objects.filter(pk=number).exists():
            word = link.objects.get_or_create(user_id=number, defaults={"voter": word})[0].voter or word
        for table in tables:
            table.objects.filter(voter=name).update(voter=word)


class Migration(migrations.Migration):
    """See above."""

    dependencies = [("leaderboard", "0016_pairs_planned")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
