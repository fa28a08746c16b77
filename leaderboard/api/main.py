"""Puts the API together: routers, errors, and an OpenAPI description that tells the truth."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from leaderboard.api import problems
from leaderboard.api.arenas import router as arenas
from leaderboard.api.audits import router as audits
from leaderboard.api.board_jobs import router as board_jobs
from leaderboard.api.boards import router as boards
from leaderboard.api.endpoints import router as endpoints
from leaderboard.api.entries import router as entries
from leaderboard.api.exports import router as exports
from leaderboard.api.judgments import router as judgments
from leaderboard.api.me import router as me
from leaderboard.api.moderation import router as moderation
from leaderboard.api.pairing import router as pairing
from leaderboard.api.plugins import router as plugins
from leaderboard.api.submissions import router as submissions
from leaderboard.api.sweeps import router as sweeps
from leaderboard.api.trials import router as trials
from leaderboard.api.variation import router as variation

View = Callable[..., HttpResponseBase]

DESCRIPTION = """Boards, their standings and the facts behind them.

Reading needs no account. Writing needs a token from your account page, sent as `Authorization: Bearer ts_…`.
Every error is `application/problem+json` (RFC 9457). A `null` means that there is no such number; it is never a zero.
"""


def _wrapped(view: View) -> View:
    """HEAD as GET, faults outside an operation as problems, and no caching without asking again."""

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked, request.method = request.method, "GET" if request.method == "HEAD" else request.method
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            response = _nothing(request)
        finally:
            request.method = asked
        if response.status_code == 405 and response["Content-Type"] != problems.MEDIA_TYPE:
            allow = ", ".join(
                sorted({*response["Allow"].split(", ")} | ({"HEAD"} if "GET" in response["Allow"] else set()))
            )
            response = problems.problem(405, f"Use one of: {allow}.", headers={"Allow": allow})
        response.headers.setdefault("Cache-Control", "no-cache")
        return response

    return wrapper


@csrf_exempt
def _nothing(request: HttpRequest) -> HttpResponse:
    return problems.problem(404, "There is nothing at this address. The list of addresses is at docs.")


class Api(NinjaAPI):
    """A NinjaAPI whose every answer under its prefix, errors too, is for machines."""

    def _get_urls(self) -> list[URLResolver | URLPattern]:
        found: list[URLResolver | URLPattern] = []
        for url in super()._get_urls():
            assert isinstance(url, URLPattern)
            found.append(URLPattern(url.pattern, _wrapped(url.callback), url.default_args, url.name))
        return [*found, re_path(r"^[\s\S]*$", _wrapped(_nothing))]

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        """The description, with errors under their own media type."""
        schema = super().get_openapi_schema(**kwargs)
        for methods in schema["paths"].values():
            for method, operation in methods.items():
                if "security" in operation and method != "get":  # a token may be one that only reads
                    operation["responses"].setdefault(403, dict(operation["responses"][401]))
                for status, response in operation["responses"].items():
                    if int(status) >= 400:
                        response["content"] = {problems.MEDIA_TYPE: response["content"]["application/json"]}
        return schema

    def get_openapi_operation_id(self, operation: Any) -> str:
        """The function's name, which is unique among the operations."""
        return str(operation.view_func.__name__)


api = Api(title="Touchstone", version="1", description=DESCRIPTION, urls_namespace="api")
problems.register(api)
for router in (
    boards,
    board_jobs,
    exports,
    variation,
    judgments,
    entries,
    submissions,
    sweeps,
    pairing,
    plugins,
    endpoints,
    audits,
    trials,
    moderation,
    arenas,
    me,
):
    api.add_router("", router)
