"""All addresses: pages at the root, the API under /api/v1/."""

from django.urls import URLPattern, URLResolver, include, path

from leaderboard.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("", include("leaderboard.web.urls")),
]
