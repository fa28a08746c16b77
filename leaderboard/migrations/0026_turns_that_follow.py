"""Prompts that follow another: later turns of conversations, asked again with each entry's own answers."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leaderboard", "0021_retired_entries"),
    ]

    operations = [
        migrations.AddField(
            model_name="prompt",
            name="follows",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="next_turns",
                to="leaderboard.prompt",
            ),
        ),
    ]
