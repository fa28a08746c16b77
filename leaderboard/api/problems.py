"""Every error as `application/problem+json` (RFC 9457), with a pointer to each field at fault."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from django.core.exceptions import RequestDataTooBig
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import BaseModel, Field

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.services.submissions import Conflict

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger("django.request")


class FieldProblem(BaseModel):
    """One fault. `pointer` is into the body, `parameter` is a part of the address or a header."""

    pointer: str | None = Field(default=None, examples=["#/decoding/temperature"])
    parameter: str | None = Field(default=None, examples=["limit"])
    detail: str


class Problem(BaseModel):
    """What went wrong and what to do about it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


class BadCursor(Exception):
    """A cursor that this service did not give out."""


def responses(*statuses: int) -> dict[int, type[Problem]]:
    """The errors of an operation, for its OpenAPI description."""
    return dict.fromkeys(statuses, Problem)


def problem(
    status: int, detail: str, errors: Iterable[FieldProblem] = (), headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """An error as a response."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors))
    text = body.model_dump_json(exclude_none=True)
    return HttpResponse(text, status=status, content_type=MEDIA_TYPE, headers=dict(headers or {}))


def pointer(path: Iterable[str | int]) -> str:
    """A path of names as a JSON pointer (RFC 6901) in a URI fragment."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "#" + "".join(f"/{quote(step, safe='~!$&()*+,;=:@', errors='replace')}" for step in steps)


def register(api: NinjaAPI) -> None:
    """Answer every exception that an operation may raise."""
    handlers: dict[type[Exception], Any] = {
        InvalidInput: _invalid_input,
        ValidationError: _not_valid,
        BadCursor: _bad_cursor,
        Conflict: lambda _, exc: problem(409, str(exc)),
        Http404: lambda _, exc: problem(404, str(exc) or "There is nothing here."),
        AuthenticationError: _no_token,
        HttpError: _http_error,
        RequestDataTooBig: lambda *_: problem(413, "The body is too large. Send less."),
        Exception: _fault,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _several(errors: list[FieldProblem]) -> HttpResponse:
    detail = errors[0].detail if len(errors) == 1 else f"{len(errors)} fields cannot be taken; see `errors`."
    return problem(422, detail, errors)


def _invalid_input(_: HttpRequest, exc: InvalidInput) -> HttpResponse:
    return _several([_field_problem(error) for error in exc.errors])


def _field_problem(error: FieldError) -> FieldProblem:
    return FieldProblem(pointer=pointer(error.path), detail=_printable(error.message))


def _not_valid(_: HttpRequest, exc: ValidationError) -> HttpResponse:
    return _several([_from_pydantic(error) for error in exc.errors])


def _from_pydantic(error: Mapping[str, Any]) -> FieldProblem:
    source, *rest = error["loc"]
    if error["type"] == "extra_forbidden":
        detail = "There is no such field."
    else:
        detail = f"{str(error['msg']).removeprefix('Value error, ').rstrip('.')}."
    if source == "body":
        return FieldProblem(pointer=pointer(rest[1:]), detail=_printable(detail))
    return FieldProblem(parameter=str(rest[-1]) if rest else source, detail=_printable(detail))


def _bad_cursor(*_: Any) -> HttpResponse:
    detail = "This cursor is not one of ours. Start without one, then follow `next`."
    return problem(400, detail, [FieldProblem(parameter="cursor", detail=detail)])


def _no_token(request: HttpRequest, _: AuthenticationError) -> HttpResponse:
    challenge = 'Bearer realm="touchstone"'
    if "Authorization" in request.headers:
        challenge += ', error="invalid_token"'
        detail = "This token is unknown, expired or revoked. Make a new one on your account page."
    else:
        detail = "Send a token: `Authorization: Bearer ts_…`. Make one on your account page."
    return problem(401, detail, headers={"WWW-Authenticate": challenge})


def _http_error(_: HttpRequest, exc: HttpError) -> HttpResponse:
    detail = "The body is not JSON." if exc.message.startswith("Cannot parse") else exc.message
    return problem(exc.status_code, detail)


def _fault(request: HttpRequest, exc: Exception) -> HttpResponse:
    """Our own fault: told to the log and to Django's signal, not to the caller."""
    got_request_exception.send(sender=None, request=request)
    log.error("Internal Server Error: %s", request.path, exc_info=exc, extra={"status_code": 500, "request": request})
    return problem(500, "Something went wrong here; it was logged.")


def _printable(text: str) -> str:
    """`text` without lone surrogates, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()
