"""Queries whose SQL is made once: on pages that many people ask for at once, building it costs more than running it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import connection, connections
from django.db.models import Model, QuerySet

Row = TypeVar("Row")


class Prepared(Generic[Row]):
    """A query that is built once, by `make` from stand-ins for its values, and run with the values given by name.

    `kinds`: int or str by name. `make` runs once a process, so it must look at nothing that changes: no clock, no row.
    """

    def __init__(self, make: Callable[..., QuerySet[Any]], **kinds: type) -> None:
        self._make, self._kinds = make, kinds
        self._built: QuerySet[Any] | None = None

    def __call__(self, **given: int | str) -> list[Row]:
        """The rows for these values, as the query set of `make` gives them. One query."""
        if self._built is None:  # asked so, since the truth of a query set would run it
            self._built = self._build()
        return list(_running(self._built, self._stand_ins(given)))

    def one(self, **given: int | str) -> Row | None:
        """The first of the rows, or None."""
        return next(iter(self(**given)), None)

    def _stand_ins(self, given: dict[str, Any]) -> dict[Any, Any]:
        return {_stand_in(place, kind): given[name] for place, (name, kind) in enumerate(self._kinds.items())}

    def _build(self) -> QuerySet[Any]:
        built = self._make(**{name: _stand_in(place, kind) for place, (name, kind) in enumerate(self._kinds.items())})
        compiler = built.query.get_compiler(using=connection.alias)
        compiler.prepared = compiler.as_sql()
        missing = set(self._stand_ins(self._kinds)) - set(compiler.prepared[1])
        if missing:
            raise ValueError(f"These values are not in the query as they were given: {sorted(map(str, missing))}.")
        built.prepared = compiler  # type: ignore[attr-defined]
        return built


def _stand_in(place: int, kind: type) -> int | str:
    """A value that no query holds by chance, and that fields and lookups pass on as it is."""
    number = 7_000_000_000_000_000_003 + place
    return number if kind is int else f"stand-in {number}"


def _running(built: QuerySet[Any], values: dict[Any, Any]) -> QuerySet[Any]:
    """The built query set with these values in its SQL."""
    compiler = copy.copy(built.prepared)  # type: ignore[attr-defined]
    compiler.connection = connections[compiler.using]  # this thread's own; a connection works in one thread only
    sql, params = compiler.prepared
    compiler.as_sql = lambda *_, **__: (sql, tuple(values.get(param, param) for param in params))
    query = copy.copy(built.query)
    query.get_compiler = lambda *_, **__: compiler  # type: ignore[method-assign]
    found: QuerySet[Model] = QuerySet(built.model, query, built.db)
    found._iterable_class, found._fields = built._iterable_class, built._fields  # type: ignore[attr-defined]
    return found
