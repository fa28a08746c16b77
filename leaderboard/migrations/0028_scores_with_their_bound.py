"""What a score would be at least, with the unscored outputs at the lowest value of the metric."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leaderboard", "0027_budgets_of_live_battles_and_commands"),
    ]

    operations = [
        migrations.AddField(
            model_name="categorystanding",
            name="score_least",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="standing",
            name="score_least",
            field=models.FloatField(null=True),
        ),
    ]
