"""Fixtures for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
# By the clock, a first example that loads a library on a busy machine would fail.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def reference_path() -> Path:
    """The published reference data; absent, tests skip with the reason, in CI they fail."""
    path = Path(os.environ.get("TOUCHSTONE_REFERENCE", ROOT.parent / "shared" / "reference"))
    if not path.is_dir():
        reason = "No reference data: set TOUCHSTONE_REFERENCE to its folder."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """As in production: SQLite in a file, where threads wait for each other, and without waits for the disk.
    PostgreSQL's TRUNCATE makes all files of 80 tables anew; to delete the few rows of a test takes a tenth of that."""
    from django.db import connection
    from django.db.backends.postgresql.operations import DatabaseOperations

    if connection.vendor == "sqlite":
        given = connection.settings_dict
        given["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        given["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
    truncate = DatabaseOperations.sql_flush

    def delete(self: Any, style: Any, tables: list[str], *, reset_sequences: bool = False, **more: Any) -> list[str]:
        if reset_sequences or not tables:
            return truncate(self, style, tables, reset_sequences=reset_sequences, **more)
        deletes = (f"DELETE FROM {self.quote_name(table)};" for table in tables)
        return ["SET LOCAL session_replication_role = replica;", " ".join(deletes)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", delete)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords():
    """Passwords are hashed in no time; the test of the hash itself sets Django's own hashers."""
    from django.test import override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def own_language():
    """The language of one test's last request is not that of the next test."""
    yield
    from django.utils import translation

    translation.deactivate()


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes are named by their argument: what a compressor writes may change with the clock, and parallel
    workers refuse to run tests whose names differ."""
    return argname if isinstance(val, bytes) else None
