"""Lists by opaque cursor: the body has `next`, the next cursor, and the `Link` header the whole address."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from pydantic import BaseModel, Field

from leaderboard.api.problems import BadCursor
from leaderboard.queries import paging


class PageQuery(BaseModel):
    """Where a page starts and how long it is."""

    limit: int = Field(default=25, ge=1, le=100, description="Rows on a page.")
    cursor: str = Field(
        default="", max_length=100, description="`next` of the page before; leave out for the first page."
    )


LINK = {200: {"headers": {"Link": {"description": 'The next page, as rel="next".', "schema": {"type": "string"}}}}}
"""For OpenAPI: what a page's header says."""


def take(
    request: HttpRequest, response: HttpResponse, rows: QuerySet[Any], query: PageQuery
) -> tuple[list[Any], str | None]:
    """The rows of one page and the next cursor, None on the last. Raises BadCursor."""
    if query.cursor and not paging.after(query.cursor):
        raise BadCursor
    page = paging.page(rows, query.cursor, query.limit)
    if not page.next:
        return page.rows, None
    params = request.GET.copy()
    params["cursor"] = page.next
    address = f"{request.build_absolute_uri(request.path)}?{params.urlencode()}"
    response["Link"] = f'<{address}>; rel="next"'
    return page.rows, page.next
