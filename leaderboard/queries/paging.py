"""Pages by opaque cursor: stable while rows are being added, and as fast on page 1000 as on page 1."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet

T = TypeVar("T")
SIZE = 25


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, and the cursor of the next page ("" on the last)."""

    rows: list[T]
    next: str


def page(rows: QuerySet[Any], cursor: str, size: int = SIZE) -> Page[Any]:
    """The rows after `cursor`, by id. A cursor that cannot be read gives the first page."""
    found = list(rows.filter(pk__gt=after(cursor)).order_by("pk")[: size + 1])
    last = _cursor(found[size - 1].pk) if len(found) > size else ""
    return Page(found[:size], last)


def _cursor(pk: int) -> str:
    return base64.urlsafe_b64encode(f"after:{pk}".encode()).decode().rstrip("=")


def after(cursor: str) -> int:
    """The id that a page begins after; 0 for a cursor that cannot be read."""
    try:
        word, _, number = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")
        pk = int(number) if word == "after" else 0
    except (ValueError, binascii.Error):
        return 0
    return pk if 0 <= pk < 2**63 else 0
