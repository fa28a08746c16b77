"""Live battles that a budget refuses, and jobs of commands, which hold back for what they ask."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leaderboard', '0026_turns_that_follow'),
    ]

    operations = [
        migrations.AlterField(
            model_name='job',
            name='kind',
            field=models.CharField(choices=[('plan', 'plan'), ('generate', 'generate'), ('select', 'select'), ('judge', 'judge'), ('refresh', 'refresh'), ('check', 'check'), ('canary', 'canary'), ('trial', 'trial'), ('close', 'close'), ('live', 'live'), ('command', 'command')], max_length=10),
        ),
        migrations.AlterField(
            model_name='livebattle',
            name='why',
            field=models.CharField(blank=True, choices=[('late', 'not done in time'), ('failed', 'an answer could not be made'), ('leak', 'an answer named its maker'), ('left', 'the page was left'), ('budget', 'it would have cost too much')], max_length=8),
        ),
    ]
