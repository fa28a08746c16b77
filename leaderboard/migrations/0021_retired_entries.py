"""Entries that an arena shows no more."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leaderboard", "0025_sign_in_providers"),
    ]

    operations = [
        migrations.AddField(
            model_name="arenapolicy",
            name="retired",
            field=models.ManyToManyField(blank=True, related_name="+", to="leaderboard.entry"),
        ),
    ]
