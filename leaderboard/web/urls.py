"""Addresses of the pages."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from leaderboard.web import accounts, arena, boards, entries, how, links, submissions, variation, voters
from leaderboard.web.charts import views as charts

urlpatterns = [
    path("", boards.boards, name="boards"),
    path("boards/<slug:slug>/", boards.board, name="board"),
    path("boards/<slug:slug>/charts/", charts.charts, name="charts"),
    path("boards/<slug:slug>/charts/<slug:name>.csv", charts.chart_csv, name="chart-csv"),
    path("boards/<slug:slug>/how/", how.how, name="how"),
    path("boards/<slug:slug>/variation/", variation.variation, name="variation"),
    path("boards/<slug:slug>/variation/flips.csv", variation.flips_csv, name="flips-csv"),
    path("boards/<slug:slug>/variation/<int:pk>/", variation.variation_of_model, name="variation-model"),
    path("boards/<slug:slug>/variation/<int:pk>/<slug:name>.csv", variation.variation_csv, name="variation-csv"),
    path("boards/<slug:slug>/compare/", entries.compare, name="compare"),
    path("boards/<slug:slug>/vote/", arena.vote, name="vote"),
    path("boards/<slug:slug>/voters/", voters.voters, name="voters"),
    path("entries/<slug:slug>/", entries.entry, name="entry"),
    path("entries/<slug:slug>/flags/<int:pk>/", entries.decide_flag, name="decide-flag"),
    path("prompts/<int:pk>/", entries.prompt, name="prompt"),
    path("submit/", submissions.submit, name="submit"),
    path("submissions/<uuid:pk>/", submissions.submission, name="submission"),
    path("sign-up/", accounts.sign_up, name="sign-up"),
    path("sign-in/", LoginView.as_view(template_name="sign_in.html"), name="sign-in"),
    path("sign-in/link/<str:token>/", links.sign_in_by_link, name="sign-in-link"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("account/", accounts.account, name="account"),
]
