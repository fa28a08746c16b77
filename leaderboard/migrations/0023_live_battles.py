"""Live battles: rules, battles and their sides; benchmarks and boards that take prompts of voters."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leaderboard', '0019_batches'),
    ]

    operations = [
        migrations.AddField(
            model_name='benchmark',
            name='live',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='board',
            name='live',
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name='job',
            name='kind',
            field=models.CharField(choices=[('plan', 'plan'), ('generate', 'generate'), ('select', 'select'), ('judge', 'judge'), ('refresh', 'refresh'), ('check', 'check'), ('canary', 'canary'), ('trial', 'trial'), ('close', 'close'), ('live', 'live')], max_length=10),
        ),
        migrations.CreateModel(
            name='LiveBattle',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('voter', models.CharField(max_length=80)),
                ('state', models.CharField(choices=[('working', 'working'), ('ready', 'ready'), ('broken', 'broken')], default='working', max_length=8)),
                ('why', models.CharField(blank=True, choices=[('late', 'not done in time'), ('failed', 'an answer could not be made'), ('leak', 'an answer named its maker'), ('left', 'the page was left')], max_length=8)),
                ('chance', models.FloatField(null=True)),
                ('seen_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('erased_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('arena', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='live_battles', to='leaderboard.board')),
                ('ballot', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='live_battle', to='leaderboard.ballot')),
                ('consent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.consenttext')),
                ('prompt', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='live_battle', to='leaderboard.prompt')),
            ],
        ),
        migrations.CreateModel(
            name='LiveRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('settings', models.JSONField(default=dict)),
                ('arena', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='live_rules', to='leaderboard.board')),
                ('board', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='live_home', to='leaderboard.board')),
            ],
        ),
        migrations.CreateModel(
            name='LiveSide',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('left', models.BooleanField()),
                ('text', models.TextField(blank=True)),
                ('battle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sides', to='leaderboard.livebattle')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.entry')),
            ],
        ),
        migrations.AddIndex(
            model_name='livebattle',
            index=models.Index(condition=models.Q(('state', 'working')), fields=['arena'], name='live_working'),
        ),
        migrations.AddIndex(
            model_name='livebattle',
            index=models.Index(fields=['voter', 'arena', '-created_at'], name='live_of_voter'),
        ),
        migrations.AddConstraint(
            model_name='liveside',
            constraint=models.UniqueConstraint(fields=('battle', 'left'), name='one_live_side'),
        ),
    ]
