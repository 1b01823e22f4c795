"""A PostgreSQL database of a test's own, on the server at TEST_POSTGRESQL; dropped at the end."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

SERVER = os.environ.get("TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
ONLY_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def server() -> Engine:
    """The server itself, for what only its keeper may do; each statement is a transaction of its own."""
    arguments = {"connect_timeout": 3}
    return create_engine(SERVER, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments)


def on_server(statement: str) -> list[tuple[object, ...]]:
    """Run one statement on the server; its rows, if it has any."""
    with server().connect() as conn:
        result = conn.execute(text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a new and empty database. Without a server the test is skipped; with CI set it fails."""
    name = f"stadsdialoog_test_{secrets.token_hex(6)}"
    try:
        on_server(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    except OperationalError:
        complain = pytest.fail if os.environ.get("CI") else pytest.skip
        complain(f"there is no PostgreSQL at {make_url(SERVER).render_as_string()} (TEST_POSTGRESQL)")
    try:
        yield make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    finally:
        on_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
