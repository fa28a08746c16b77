"""All tables as the replaced migrations leave them, for a new database. One that has applied some of those goes on with
them, so they stay; the last of them is 0021_retired_entries."""

import django.contrib.auth.models
import django.contrib.auth.validators
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import leaderboard.models.arenas
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class CreateTables(Operation):
    """Creates models that may refer to each other in any order.

    Django's way, one operation a model and a later field wherever two refer to each other, renders the state of nearly
    all models anew after each of them, which takes seconds.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, models):
        self.models = models

    def state_forwards(self, app_label, state):
        state.__dict__.pop("apps", None)  # else each model added renders all that it is related to
        for model in self.models:
            model.state_forwards(app_label, state)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        for model in self._of(app_label, schema_editor, to_state):
            schema_editor.create_model(model)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        for model in reversed(self._of(app_label, schema_editor, from_state)):
            schema_editor.delete_model(model)

    def _of(self, app_label, schema_editor, state):
        found = [state.apps.get_model(app_label, model.name) for model in self.models]
        return [model for model in found if self.allow_migrate_model(schema_editor.connection.alias, model)]

    def describe(self):
        return f"Create {len(self.models)} models"


class Migration(migrations.Migration):

    replaces = [
        ('leaderboard', '0001_initial'),
        ('leaderboard', '0002_ratings_that_can_be_trusted'),
        ('leaderboard', '0003_length_data'),
        ('leaderboard', '0004_voter_flags'),
        ('leaderboard', '0005_variation_report'),
        ('leaderboard', '0006_best_of_n'),
        ('leaderboard', '0007_sweeps'),
        ('leaderboard', '0008_endpoint_checks'),
        ('leaderboard', '0009_judge_audits'),
        ('leaderboard', '0010_verdicts_by_content'),
        ('leaderboard', '0011_judge_trials'),
        ('leaderboard', '0012_budgets'),
        ('leaderboard', '0013_votes_taken_back'),
        ('leaderboard', '0014_votes_that_can_be_trusted'),
        ('leaderboard', '0015_arenas'),
        ('leaderboard', '0016_pairs_planned'),
        ('leaderboard', '0017_voters_by_random_words'),
        ('leaderboard', '0018_votes_without_accounts'),
        ('leaderboard', '0019_batches'),
        ('leaderboard', '0023_live_battles'),
        ('leaderboard', '0025_sign_in_providers'),
        ('leaderboard', '0021_retired_entries'),
    ]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [CreateTables([
        migrations.CreateModel(
            name='Comparison',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('entry_a', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.entry')),
                ('entry_b', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.entry')),
                ('a', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.output')),
                ('b', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.output')),
                ('prompt', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='comparisons', to='leaderboard.prompt')),
            ],
            options={
                'indexes': [models.Index(fields=['entry_a', 'entry_b', 'prompt'], name='comparison_of_entries')],
                'constraints': [models.UniqueConstraint(fields=('a', 'b'), name='one_comparison_a_pair'), models.CheckConstraint(condition=models.Q(('a__lt', models.F('b'))), name='comparison_a_before_b')],
            },
        ),
        migrations.CreateModel(
            name='DecodingConfig',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('strategy', models.CharField(max_length=60)),
                ('version', models.CharField(max_length=40)),
                ('params', models.JSONField(default=dict)),
                ('label', models.CharField(max_length=120)),
                ('samples', models.BooleanField()),
                ('fingerprint', models.CharField(max_length=64, unique=True)),
                ('candidates', models.PositiveIntegerField(default=1)),
                ('pool', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='best_of', to='leaderboard.decodingconfig')),
            ],
        ),
        migrations.CreateModel(
            name='Judge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.SlugField(max_length=80, unique=True)),
                ('plugin', models.CharField(max_length=60)),
                ('version', models.CharField(max_length=40)),
                ('params', models.JSONField(default=dict)),
                ('both_orders', models.BooleanField(default=False)),
                ('fingerprint', models.CharField(max_length=64, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='Metric',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.SlugField(max_length=80, unique=True)),
                ('plugin', models.CharField(max_length=60)),
                ('version', models.CharField(max_length=40)),
                ('params', models.JSONField(default=dict)),
                ('fingerprint', models.CharField(max_length=64, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='PromptTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('system', models.TextField(blank=True)),
                ('fingerprint', models.CharField(max_length=64, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('prefix', models.CharField(max_length=12)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField()),
                ('last_used_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to=settings.AUTH_USER_MODEL)),
                ('scope', models.CharField(choices=[('all', 'everything that you may do'), ('read', 'reading alone')], default='all', max_length=8)),
            ],
        ),
        migrations.CreateModel(
            name='Benchmark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('version', models.CharField(max_length=40)),
                ('digest', models.CharField(max_length=64)),
                ('description', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('live', models.BooleanField(default=False)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('name', 'version'), name='one_benchmark_a_version')],
            },
        ),
        migrations.CreateModel(
            name='Board',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=80, unique=True)),
                ('title', models.CharField(max_length=120)),
                ('description', models.TextField(blank=True)),
                ('pairing', models.CharField(choices=[('baseline', 'against the baseline'), ('all', 'every pair of entries')], default='all', max_length=10)),
                ('rater', models.CharField(default='bradley-terry', max_length=60)),
                ('counts_votes', models.BooleanField(default=False)),
                ('open_to_votes', models.BooleanField(default=False)),
                ('open_to_submissions', models.BooleanField(default=False)),
                ('wanted', models.PositiveBigIntegerField(default=0)),
                ('built', models.PositiveBigIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('benchmark', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='boards', to='leaderboard.benchmark')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='leaderboard.board')),
                ('current', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.boardsnapshot')),
                ('baseline', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.entry')),
                ('entries', models.ManyToManyField(blank=True, related_name='boards', to='leaderboard.entry')),
                ('judges', models.ManyToManyField(blank=True, related_name='boards', to='leaderboard.judge')),
                ('metric', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='boards', to='leaderboard.metric')),
                ('own_entries', models.BooleanField(default=False)),
                ('voters', models.CharField(choices=[('all', 'all voters'), ('named', 'voters with an account'), ('anonymous', 'voters without an account')], default='all', max_length=10)),
                ('live', models.BooleanField(default=False)),
            ],
            options={
                'ordering': ['created_at'],
            },
        ),
        migrations.CreateModel(
            name='BoardSnapshot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('digest', models.CharField(max_length=64)),
                ('details', models.JSONField(default=dict)),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='snapshots', to='leaderboard.board')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('board', 'digest'), name='one_snapshot_a_digest')],
            },
        ),
        migrations.CreateModel(
            name='Ballot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('voter', models.CharField(max_length=80)),
                ('swapped', models.BooleanField()),
                ('token', models.CharField(max_length=64, unique=True)),
                ('expires_at', models.DateTimeField()),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ballots', to='leaderboard.board')),
                ('comparison', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ballots', to='leaderboard.comparison')),
                ('chance', models.FloatField(null=True)),
            ],
            options={
                'abstract': False,
                'indexes': [models.Index(fields=['voter', 'board', '-id'], name='ballot_latest'), models.Index(fields=['voter', 'comparison'], name='ballot_seen')],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=160, unique=True)),
                ('fingerprint', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('decoding', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='leaderboard.decodingconfig')),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='leaderboard.languagemodel')),
                ('template', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='leaderboard.prompttemplate')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('model', 'decoding', 'template'), name='one_entry_a_combination')],
            },
        ),
        migrations.CreateModel(
            name='Judgment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('swapped', models.BooleanField(default=False)),
                ('repeat', models.PositiveIntegerField(default=0)),
                ('state', models.CharField(choices=[('scored', 'scored'), ('unparsed', 'unparsed'), ('no-logprobs', 'no-logprobs'), ('truncated', 'truncated'), ('refused', 'refused'), ('no-reference', 'no-reference')], max_length=16)),
                ('credit_a', models.FloatField(null=True)),
                ('raw', models.TextField(blank=True)),
                ('evidence', models.JSONField(default=dict)),
                ('prompt_tokens', models.PositiveIntegerField(default=0)),
                ('output_tokens', models.PositiveIntegerField(default=0)),
                ('seconds', models.FloatField(null=True)),
                ('cost_usd', models.FloatField(null=True)),
                ('provenance', models.JSONField(default=dict)),
                ('comparison', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to='leaderboard.comparison')),
                ('judge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to='leaderboard.judge')),
                ('content', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('content', ''), _negated=True), fields=['content'], name='judgment_content')],
                'constraints': [models.UniqueConstraint(fields=('judge', 'comparison', 'swapped', 'repeat'), name='one_judgment_an_order'), models.CheckConstraint(condition=models.Q(models.Q(('credit_a__gte', 0), ('credit_a__lte', 1), ('state', 'scored')), models.Q(models.Q(('state', 'scored'), _negated=True), ('credit_a__isnull', True)), _connector='OR'), name='judgment_credit_only_when_scored')],
            },
        ),
        migrations.CreateModel(
            name='LanguageModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generator', models.CharField(max_length=60)),
                ('source', models.CharField(max_length=300)),
                ('name', models.CharField(max_length=200)),
                ('revision', models.CharField(blank=True, max_length=100)),
                ('params', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source', 'name', 'revision'), name='one_model_a_revision')],
            },
        ),
        migrations.CreateModel(
            name='Output',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('sample', models.PositiveIntegerField(default=0)),
                ('seed', models.BigIntegerField(null=True)),
                ('text', models.TextField(blank=True)),
                ('finish_reason', models.CharField(blank=True, max_length=12)),
                ('prompt_tokens', models.PositiveIntegerField(null=True)),
                ('output_tokens', models.PositiveIntegerField(null=True)),
                ('seconds', models.FloatField(null=True)),
                ('logprob', models.FloatField(null=True)),
                ('prompt_truncated', models.BooleanField(default=False)),
                ('cost_usd', models.FloatField(null=True)),
                ('provenance', models.JSONField(default=dict)),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='outputs', to='leaderboard.entry')),
                ('prompt', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='outputs', to='leaderboard.prompt')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('entry', 'prompt', 'sample'), name='one_output_a_sample')],
            },
        ),
        migrations.CreateModel(
            name='Prompt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=120)),
                ('position', models.PositiveIntegerField()),
                ('text', models.TextField()),
                ('reference', models.TextField(blank=True)),
                ('category', models.CharField(blank=True, max_length=80)),
                ('benchmark', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='prompts', to='leaderboard.benchmark')),
                ('checklist', models.JSONField(blank=True, default=list)),
                ('earlier', models.JSONField(blank=True, default=list)),
            ],
            options={
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('benchmark', 'key'), name='one_prompt_a_key')],
            },
        ),
        migrations.CreateModel(
            name='Score',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('value', models.FloatField(null=True)),
                ('reason', models.CharField(blank=True, max_length=80)),
                ('extracted', models.TextField(blank=True)),
                ('metric', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='scores', to='leaderboard.metric')),
                ('output', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='scores', to='leaderboard.output')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('metric', 'output'), name='one_score_a_metric')],
            },
        ),
        migrations.CreateModel(
            name='Standing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('position', models.PositiveIntegerField()),
                ('rank_low', models.PositiveIntegerField(null=True)),
                ('rank_high', models.PositiveIntegerField(null=True)),
                ('rating', models.FloatField(null=True)),
                ('rating_low', models.FloatField(null=True)),
                ('rating_high', models.FloatField(null=True)),
                ('win_rate', models.FloatField(null=True)),
                ('win_rate_se', models.FloatField(null=True)),
                ('win_rate_low', models.FloatField(null=True)),
                ('win_rate_high', models.FloatField(null=True)),
                ('discrete_win_rate', models.FloatField(null=True)),
                ('elo', models.FloatField(null=True)),
                ('n', models.PositiveIntegerField(default=0)),
                ('missing', models.PositiveIntegerField(default=0)),
                ('score', models.FloatField(null=True)),
                ('score_n', models.PositiveIntegerField(default=0)),
                ('score_missing', models.PositiveIntegerField(default=0)),
                ('mean_length', models.FloatField(null=True)),
                ('mean_tokens', models.FloatField(null=True)),
                ('seconds', models.FloatField(null=True)),
                ('cost_usd', models.FloatField(null=True)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='standings', to='leaderboard.entry')),
                ('snapshot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='standings', to='leaderboard.boardsnapshot')),
                ('chance', models.FloatField(null=True)),
                ('flags', models.JSONField(default=list)),
                ('lc', models.FloatField(null=True)),
                ('lc_high', models.FloatField(null=True)),
                ('lc_low', models.FloatField(null=True)),
                ('lc_se', models.FloatField(null=True)),
                ('more', models.PositiveBigIntegerField(null=True)),
                ('style_high', models.FloatField(null=True)),
                ('style_low', models.FloatField(null=True)),
                ('style_rank_high', models.PositiveIntegerField(null=True)),
                ('style_rank_low', models.PositiveIntegerField(null=True)),
                ('style_rating', models.FloatField(null=True)),
                ('unscored', models.PositiveIntegerField(default=0)),
            ],
            options={
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('snapshot', 'entry'), name='one_standing_an_entry')],
            },
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('samples', models.PositiveIntegerField(default=1)),
                ('seed', models.BigIntegerField(default=0)),
                ('state', models.CharField(choices=[('queued', 'Waiting'), ('generating', 'Generating outputs'), ('judging', 'Judging'), ('done', 'Done'), ('partial', 'Done in part'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=12)),
                ('error', models.TextField(blank=True)),
                ('idempotency_key', models.CharField(blank=True, max_length=120, null=True)),
                ('request_digest', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='leaderboard.board')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='leaderboard.entry')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='submissions', to=settings.AUTH_USER_MODEL)),
                ('arm', models.PositiveIntegerField(blank=True, null=True)),
                ('seeds', models.JSONField(blank=True, default=list)),
                ('sweep', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='leaderboard.sweep')),
            ],
            options={
                'ordering': ['-created_at'],
                'constraints': [models.UniqueConstraint(fields=('user', 'idempotency_key'), name='one_submission_a_key'), models.UniqueConstraint(fields=('sweep', 'arm'), name='one_submission_an_arm')],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=200, unique=True)),
                ('kind', models.CharField(choices=[('plan', 'plan'), ('generate', 'generate'), ('select', 'select'), ('judge', 'judge'), ('refresh', 'refresh'), ('check', 'check'), ('canary', 'canary'), ('trial', 'trial'), ('close', 'close'), ('live', 'live')], max_length=10)),
                ('queue', models.CharField(max_length=60)),
                ('payload', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('ready', 'ready'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('cancelled', 'cancelled')], default='ready', max_length=10)),
                ('owner', models.CharField(blank=True, max_length=80)),
                ('epoch', models.PositiveIntegerField(default=0)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('not_before', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('sent_at', models.DateTimeField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('items', models.PositiveIntegerField(default=0)),
                ('error', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('submission', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='leaderboard.submission')),
                ('sweep', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='leaderboard.sweep')),
            ],
            options={
                'indexes': [models.Index(fields=['state', 'not_before'], name='job_due')],
            },
        ),
        migrations.CreateModel(
            name='Vote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('voter', models.CharField(max_length=80)),
                ('outcome', models.CharField(choices=[('a', 'a'), ('b', 'b'), ('tie', 'tie'), ('both_bad', 'both_bad'), ('skip', 'skip')], max_length=10)),
                ('seconds_shown', models.FloatField(null=True)),
                ('ballot', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='vote', to='leaderboard.ballot')),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='votes', to='leaderboard.board')),
                ('comparison', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='votes', to='leaderboard.comparison')),
                ('expanded', models.BooleanField(null=True)),
                ('seconds_visible', models.FloatField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('voter', 'comparison'), name='one_vote_a_voter')],
            },
        ),
        migrations.CreateModel(
            name='Flag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('kind', models.CharField(max_length=40)),
                ('evidence', models.JSONField(default=dict)),
                ('sentence', models.CharField(max_length=500)),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='flags', to='leaderboard.board')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='flags', to='leaderboard.entry')),
            ],
            options={
                'permissions': [('decide_flag', 'Can clear a flag and raise it again')],
                'constraints': [models.UniqueConstraint(fields=('board', 'entry', 'kind'), name='one_flag_a_kind')],
            },
        ),
        migrations.CreateModel(
            name='FlagDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('cleared', models.BooleanField()),
                ('reason', models.CharField(max_length=500)),
                ('flag', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='leaderboard.flag')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CategoryStanding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('position', models.PositiveIntegerField()),
                ('rank_low', models.PositiveIntegerField(null=True)),
                ('rank_high', models.PositiveIntegerField(null=True)),
                ('rating', models.FloatField(null=True)),
                ('rating_low', models.FloatField(null=True)),
                ('rating_high', models.FloatField(null=True)),
                ('win_rate', models.FloatField(null=True)),
                ('win_rate_se', models.FloatField(null=True)),
                ('win_rate_low', models.FloatField(null=True)),
                ('win_rate_high', models.FloatField(null=True)),
                ('discrete_win_rate', models.FloatField(null=True)),
                ('lc', models.FloatField(null=True)),
                ('lc_se', models.FloatField(null=True)),
                ('lc_low', models.FloatField(null=True)),
                ('lc_high', models.FloatField(null=True)),
                ('style_rating', models.FloatField(null=True)),
                ('style_low', models.FloatField(null=True)),
                ('style_high', models.FloatField(null=True)),
                ('style_rank_low', models.PositiveIntegerField(null=True)),
                ('style_rank_high', models.PositiveIntegerField(null=True)),
                ('elo', models.FloatField(null=True)),
                ('chance', models.FloatField(null=True)),
                ('more', models.PositiveBigIntegerField(null=True)),
                ('n', models.PositiveIntegerField(default=0)),
                ('missing', models.PositiveIntegerField(default=0)),
                ('unscored', models.PositiveIntegerField(default=0)),
                ('score', models.FloatField(null=True)),
                ('score_n', models.PositiveIntegerField(default=0)),
                ('score_missing', models.PositiveIntegerField(default=0)),
                ('mean_length', models.FloatField(null=True)),
                ('mean_tokens', models.FloatField(null=True)),
                ('seconds', models.FloatField(null=True)),
                ('cost_usd', models.FloatField(null=True)),
                ('flags', models.JSONField(default=list)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('category', models.CharField(max_length=80)),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.entry')),
                ('snapshot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='category_standings', to='leaderboard.boardsnapshot')),
            ],
            options={
                'ordering': ['position'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('snapshot', 'category', 'entry'), name='one_standing_a_category')],
            },
        ),
        migrations.CreateModel(
            name='LengthData',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('difficulty', models.JSONField(default=dict)),
                ('regulariser', models.JSONField(default=dict)),
                ('source', models.CharField(blank=True, max_length=200)),
                ('board', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='length_data', to='leaderboard.board')),
            ],
        ),
        migrations.CreateModel(
            name='VoterFlag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('voter', models.CharField(max_length=80)),
                ('kind', models.CharField(max_length=40)),
                ('evidence', models.JSONField(default=dict)),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='voter_flags', to='leaderboard.board')),
                ('target', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.entry')),
            ],
            options={
                'permissions': [('view_voters', 'Can see what the voter tests found')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('target', None)), fields=('board', 'voter', 'kind'), name='one_voter_flag_a_kind'), models.UniqueConstraint(condition=models.Q(('target__isnull', False)), fields=('board', 'voter', 'kind', 'target'), name='one_voter_flag_a_target')],
            },
        ),
        migrations.CreateModel(
            name='VariationReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('digest', models.CharField(max_length=64)),
                ('details', models.JSONField(default=dict)),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='variation_reports', to='leaderboard.board')),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.languagemodel')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('board', 'model', 'digest'), name='one_variation_report_a_digest')],
            },
        ),
        migrations.CreateModel(
            name='Sweep',
            fields=[
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('title', models.CharField(blank=True, max_length=120)),
                ('arms', models.JSONField(default=list)),
                ('baseline', models.PositiveIntegerField(default=0)),
                ('samples', models.PositiveIntegerField(default=1)),
                ('seeds', models.JSONField(default=list)),
                ('tune', models.FloatField(default=0.5)),
                ('digest', models.CharField(max_length=64)),
                ('idempotency_key', models.CharField(blank=True, max_length=120, null=True)),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sweeps', to='leaderboard.board')),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sweeps', to='leaderboard.languagemodel')),
                ('template', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sweeps', to='leaderboard.prompttemplate')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='sweeps', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-created_at'],
                'constraints': [models.UniqueConstraint(fields=('user', 'idempotency_key'), name='one_sweep_a_key')],
            },
        ),
        migrations.CreateModel(
            name='EndpointCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('endpoint', models.CharField(max_length=300)),
                ('model', models.CharField(max_length=200)),
                ('findings', models.JSONField(default=list)),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['endpoint', 'model'], name='checks_of_an_endpoint')],
            },
        ),
        migrations.CreateModel(
            name='JudgeAudit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('digest', models.CharField(max_length=64)),
                ('details', models.JSONField(default=dict)),
                ('board', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='judge_audits', to='leaderboard.board')),
                ('judge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='audits', to='leaderboard.judge')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('judge', 'board', 'digest'), name='one_audit_a_digest'), models.UniqueConstraint(condition=models.Q(('board', None)), fields=('judge', 'digest'), name='one_audit_over_all_a_digest')],
            },
        ),
        migrations.CreateModel(
            name='JudgeTrial',
            fields=[
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('plugin', models.CharField(max_length=60)),
                ('params', models.JSONField(default=dict)),
                ('rows', models.JSONField(default=list)),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='judge_trials', to='leaderboard.board')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Budget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=80, unique=True)),
                ('cap_nano', models.BigIntegerField(null=True)),
                ('cap_tokens', models.BigIntegerField(null=True)),
                ('spent_nano', models.BigIntegerField(default=0)),
                ('spent_tokens', models.BigIntegerField(default=0)),
                ('held_nano', models.BigIntegerField(default=0)),
                ('held_tokens', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('keys', models.JSONField(default=list)),
                ('nano', models.BigIntegerField(default=0)),
                ('tokens', models.BigIntegerField(default=0)),
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='hold', to='leaderboard.job')),
            ],
        ),
        migrations.CreateModel(
            name='Price',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pattern', models.CharField(max_length=200)),
                ('input_usd', models.DecimalField(decimal_places=6, max_digits=12)),
                ('output_usd', models.DecimalField(decimal_places=6, max_digits=12)),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
                ('batch_factor', models.DecimalField(decimal_places=4, default=Decimal('0.5'), max_digits=5)),
            ],
            options={
                'ordering': ['pattern', '-since'],
                'constraints': [models.UniqueConstraint(fields=('pattern', 'since'), name='one_price_a_moment')],
            },
        ),
        migrations.CreateModel(
            name='Rendering',
            fields=[
                ('key', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('html', models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name='VoteUndo',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('vote', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='undo', to='leaderboard.vote')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='AttentionCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expected', models.CharField(choices=[('a', 'a'), ('b', 'b')], max_length=1)),
                ('ballot', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='attention', to='leaderboard.ballot')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('number', models.PositiveBigIntegerField(unique=True)),
                ('previous', models.CharField(max_length=64, unique=True)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('at', models.CharField(max_length=40)),
                ('action', models.CharField(max_length=40)),
                ('board', models.CharField(blank=True, max_length=80)),
                ('subject', models.CharField(blank=True, max_length=120)),
                ('actor', models.CharField(blank=True, max_length=160)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('data', models.TextField(default='{}')),
            ],
            options={
                'indexes': [models.Index(fields=['board', '-number'], name='audit_of_board')],
            },
        ),
        migrations.CreateModel(
            name='VoteCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=120)),
                ('window', models.PositiveBigIntegerField()),
                ('count', models.PositiveIntegerField(default=0)),
            ],
            options={
                'indexes': [models.Index(fields=['window'], name='vote_count_window')],
                'constraints': [models.UniqueConstraint(fields=('key', 'window'), name='one_count_a_window')],
            },
        ),
        migrations.CreateModel(
            name='VoterReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lines', models.JSONField(default=list)),
                ('left_out', models.PositiveIntegerField(default=0)),
                ('made_at', models.DateTimeField(auto_now=True)),
                ('board', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='voter_report', to='leaderboard.board')),
            ],
        ),
        migrations.CreateModel(
            name='VotingRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quarantine_by_test', models.BooleanField(default=False)),
                ('alpha', models.FloatField(default=0.001, validators=[django.core.validators.MinValueValidator(1e-09), django.core.validators.MaxValueValidator(0.05)])),
                ('attention_share', models.FloatField(default=0.0, validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(0.5)])),
                ('leaks', models.CharField(choices=[('hide', 'not shown'), ('mark', 'shown, and the vote does not count'), ('count', 'shown, and the vote counts')], default='hide', max_length=8)),
                ('leak_names', models.JSONField(blank=True, default=list)),
                ('check_kind', models.CharField(choices=[('none', 'nothing'), ('proof-of-work', 'a second of work by the browser')], default='none', max_length=20)),
                ('account_minute', models.PositiveIntegerField(default=40)),
                ('account_day', models.PositiveIntegerField(default=2000)),
                ('session_minute', models.PositiveIntegerField(default=40)),
                ('session_day', models.PositiveIntegerField(default=2000)),
                ('network_minute', models.PositiveIntegerField(default=400)),
                ('network_day', models.PositiveIntegerField(default=20000)),
                ('board', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='voting_rules', to='leaderboard.board')),
            ],
        ),
        migrations.CreateModel(
            name='KnownPair',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expected', models.CharField(choices=[('a', 'a'), ('b', 'b')], max_length=1)),
                ('why', models.CharField(max_length=80)),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='known_pairs', to='leaderboard.board')),
                ('comparison', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.comparison')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('board', 'comparison'), name='one_known_pair')],
            },
        ),
        migrations.CreateModel(
            name='QuarantineDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('voter', models.CharField(max_length=80)),
                ('quarantined', models.BooleanField()),
                ('reason', models.CharField(max_length=500)),
                ('by_test', models.BooleanField(default=False)),
                ('evidence', models.JSONField(default=dict)),
                ('board', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='quarantine_decisions', to='leaderboard.board')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'permissions': [('moderate_votes', 'Can quarantine voters and lift it again')],
                'indexes': [models.Index(fields=['board', 'voter', '-id'], name='quarantine_latest')],
            },
        ),
        migrations.CreateModel(
            name='VoteSignal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('network', models.CharField(blank=True, max_length=32)),
                ('leaks', models.JSONField(default=list)),
                ('blind', models.BooleanField(default=True)),
                ('check_kind', models.CharField(blank=True, max_length=20)),
                ('check_state', models.CharField(blank=True, choices=[('passed', 'passed'), ('failed', 'failed'), ('unchecked', 'could not be checked')], max_length=10)),
                ('vote', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='signal', to='leaderboard.vote')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('blind', False)), fields=['vote'], name='signal_not_blind'), models.Index(condition=models.Q(('check_kind', ''), _negated=True), fields=['created_at'], name='signal_checked')],
            },
        ),
        migrations.CreateModel(
            name='ArenaPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('access', models.CharField(choices=[('anyone', 'Anyone, without an account'), ('account', 'Anyone with an account'), ('domain', 'Accounts with a verified e-mail address at one of the domains below'), ('provider', 'Accounts signed in by one of the providers below')], default='anyone', max_length=10)),
                ('domains', models.JSONField(blank=True, default=list)),
                ('consent', models.TextField(blank=True)),
                ('invite_only', models.BooleanField(default=False)),
                ('paused', models.BooleanField(default=False)),
                ('live', models.BooleanField(default=False)),
                ('asked', models.CharField(default='all prompts', max_length=300)),
                ('sampling', models.JSONField(blank=True, default=dict)),
                ('salt', models.CharField(default=leaderboard.models.arenas.random_key, max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('board', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='policy', to='leaderboard.board')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('prompts', models.ManyToManyField(blank=True, related_name='+', to='leaderboard.prompt')),
                ('providers', models.JSONField(blank=True, default=list)),
                ('retired', models.ManyToManyField(blank=True, related_name='+', to='leaderboard.entry')),
            ],
            options={
                'permissions': [('run_arena', 'Can make arenas, pause them and invite voters')],
            },
        ),
        migrations.CreateModel(
            name='ConsentText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('digest', models.CharField(max_length=64)),
                ('text', models.TextField()),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.board')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('board', 'digest'), name='one_consent_text')],
            },
        ),
        migrations.CreateModel(
            name='Invite',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(max_length=80)),
                ('expires_at', models.DateTimeField(null=True)),
                ('most', models.PositiveIntegerField(null=True)),
                ('used', models.PositiveIntegerField(default=0)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invites', to='leaderboard.board')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Admission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('voter', models.CharField(max_length=80)),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='admissions', to='leaderboard.board')),
                ('consent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.consenttext')),
                ('invite', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='admissions', to='leaderboard.invite')),
            ],
            options={
                'indexes': [models.Index(fields=['voter', 'board'], name='admission_voter')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('invite__isnull', False)), fields=('board', 'voter', 'invite'), name='one_admission_an_invite')],
            },
        ),
        migrations.CreateModel(
            name='VerifiedEmail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.EmailField(max_length=254)),
                ('verified_at', models.DateTimeField(auto_now=True)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='verified_email', to=settings.AUTH_USER_MODEL)),
                ('provider', models.CharField(blank=True, default='', max_length=30)),
            ],
        ),
        migrations.CreateModel(
            name='VoterLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('voter', models.CharField(max_length=80, null=True, unique=True)),
                ('erased_at', models.DateTimeField(null=True)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='voter_link', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='PairPlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.JSONField(default=dict)),
                ('asked', models.CharField(max_length=64)),
                ('entries', models.JSONField(default=list)),
                ('pairs', models.BinaryField(default=bytes)),
                ('categories', models.JSONField(default=list)),
                ('votes', models.PositiveBigIntegerField(default=0)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('made_at', models.DateTimeField(auto_now=True)),
                ('board', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='pair_plan', to='leaderboard.board')),
                ('snapshot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leaderboard.boardsnapshot')),
            ],
        ),
        migrations.CreateModel(
            name='PromptTurn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('category', models.CharField(blank=True, max_length=80)),
                ('shown', models.PositiveBigIntegerField(default=0)),
                ('key', models.PositiveIntegerField()),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prompt_turns', to='leaderboard.board')),
                ('prompt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='leaderboard.prompt')),
            ],
            options={
                'indexes': [models.Index(fields=['board', 'category', 'shown', 'key'], name='prompt_turn_next')],
                'constraints': [models.UniqueConstraint(fields=('board', 'prompt'), name='one_turn_a_prompt')],
            },
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
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'working')), fields=['arena'], name='live_working'), models.Index(fields=['voter', 'arena', '-created_at'], name='live_of_voter')],
            },
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
            options={
                'constraints': [models.UniqueConstraint(fields=('battle', 'left'), name='one_live_side')],
            },
        ),
    ])]
