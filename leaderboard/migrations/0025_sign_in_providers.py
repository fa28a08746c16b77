"""Sign-in by OpenID Connect: arenas that ask for a provider, and addresses that a provider confirmed; tokens that only read."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leaderboard', '0023_live_battles'),
    ]

    operations = [
        migrations.AddField(
            model_name='arenapolicy',
            name='providers',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AlterField(
            model_name='arenapolicy',
            name='access',
            field=models.CharField(choices=[('anyone', 'Anyone, without an account'), ('account', 'Anyone with an account'), ('domain', 'Accounts with a verified e-mail address at one of the domains below'), ('provider', 'Accounts signed in by one of the providers below')], default='anyone', max_length=10),
        ),
        migrations.AddField(
            model_name='verifiedemail',
            name='provider',
            field=models.CharField(blank=True, default='', max_length=30),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='scope',
            field=models.CharField(choices=[('all', 'everything that you may do'), ('read', 'reading alone')], default='all', max_length=8),
        ),
    ]
