"""Batches ordered at an endpoint, and what they cost."""

import uuid
from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leaderboard', '0018_votes_without_accounts'),
    ]

    operations = [
        migrations.AddField(
            model_name='price',
            name='batch_factor',
            field=models.DecimalField(decimal_places=4, default=Decimal('0.5'), max_digits=5),
        ),
        migrations.AlterField(
            model_name='job',
            name='kind',
            field=models.CharField(choices=[('plan', 'plan'), ('generate', 'generate'), ('select', 'select'), ('judge', 'judge'), ('refresh', 'refresh'), ('check', 'check'), ('canary', 'canary'), ('trial', 'trial'), ('close', 'close')], max_length=10),
        ),
        migrations.CreateModel(
            name='BatchOrder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('scope', models.CharField(db_index=True, max_length=200)),
                ('source', models.CharField(max_length=600)),
                ('generator', models.CharField(max_length=60)),
                ('settings', models.JSONField(default=dict)),
                ('about', models.JSONField(default=list)),
                ('state', models.CharField(choices=[('new', 'new'), ('open', 'open'), ('closed', 'closed')], default='new', max_length=8)),
                ('file_id', models.CharField(blank=True, max_length=200)),
                ('remote_id', models.CharField(blank=True, max_length=200)),
                ('status', models.CharField(blank=True, max_length=40)),
                ('total', models.PositiveIntegerField(default=0)),
                ('done', models.PositiveIntegerField(default=0)),
                ('failed', models.PositiveIntegerField(default=0)),
                ('reads', models.PositiveIntegerField(default=0)),
                ('error', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='orders', to='leaderboard.job')),
                ('judge', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='leaderboard.judge')),
                ('submission', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='orders', to='leaderboard.submission')),
            ],
        ),
        migrations.CreateModel(
            name='BatchCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64)),
                ('reply', models.TextField(blank=True)),
                ('error', models.TextField(blank=True)),
                ('final', models.BooleanField(default=False)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='calls', to='leaderboard.batchorder')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('order', 'key'), name='one_call_an_order')],
            },
        ),
    ]
