"""A vote no longer leads to an account; a migration of its own, since PostgreSQL alters no table with pending rows."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """See above."""

    dependencies = [("leaderboard", "0017_voters_by_random_words")]

    operations = [migrations.RemoveField(model_name="vote", name="user")]
