from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leaderboard', '0009_judge_audits'),
    ]

    operations = [
        migrations.AddField(
            model_name='judgment',
            name='content',
            field=models.CharField(blank=True, default='', max_length=64),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name='judgment',
            index=models.Index(condition=models.Q(('content', ''), _negated=True), fields=['content'], name='judgment_content'),
        ),
    ]
