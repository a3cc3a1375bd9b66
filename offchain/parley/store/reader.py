"""Reading, on connections that cannot write. Each call sees one consistent snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from parley.store.errors import translate
from parley.store.statements import Statement
from parley.store.statements import parameter as parameter

T = TypeVar("T")


class _Lost(Exception):
    """A connection had gone without notice, as all do when a database server is started anew."""


def _asked(engine: Engine, ask: Callable[[], T]) -> T:
    """What `ask` reads; once more on a new connection where the one it had was gone. Nobody looks before each
    question whether its connection is still there: that would cost as much as the question.
    """
    try:
        try:
            return ask()
        except (_Lost, sa.exc.DBAPIError) as error:
            if isinstance(error, sa.exc.DBAPIError) and not error.connection_invalidated:
                raise
            engine.dispose()
            return ask()
    except Exception as error:
        cause = error.__cause__ if isinstance(error, _Lost) else error
        known = None if cause is None else translate(cause)
        if known is None or known is error:
            raise
        raise known from error


class Reader:
    """Runs queries on a pool of read-only connections."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def prepare(self, query: sa.Select[Any]) -> Prepared:
        """A select with named parameters that is asked often."""
        return Prepared(self._engine, query)

    def ask(self, statement: Statement, values: dict[str, Any]) -> list[Any]:
        """Every row of a select that is asked often."""
        return Prepared(self._engine, statement).all(**values)

    def all(self, query: sa.Executable) -> list[Any]:
        """Every row. Raises the typed errors of the store."""

        def ask() -> list[Any]:
            with self._engine.connect() as connection:
                return list(connection.execute(query))

        return _asked(self._engine, ask)

    def one(self, query: sa.Executable) -> Any | None:
        """The first row, or None."""
        found = self.all(query)
        return found[0] if found else None


class Prepared:
    """A select compiled once and run straight on the driver: a fifth of the work for one that finds a few
    rows. Its columns are text, integers or booleans, so that what the driver gives needs no conversion.
    """

    def __init__(self, engine: Engine, query: sa.Select[Any] | Statement) -> None:
        self._engine = engine
        self._statement = query if isinstance(query, Statement) else Statement(query)
        self._compiled = self._statement.on(engine.dialect)

    def all(self, **values: Any) -> list[Any]:
        """Every row, with the columns by name and in order. Raises the typed errors of the store."""
        return self._statement.rows(_asked(self._engine, lambda: self._rows(values)))

    def _rows(self, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            found = self._compiled.all(cursor, values)
            cursor.close()
        except Exception as error:
            if self._engine.dialect.is_disconnect(error, connection.dbapi_connection, None):  # type: ignore[arg-type] # any driver's
                connection.invalidate(error)
                raise _Lost from error
            raise
        finally:
            connection.close()  # back into the pool, which ends what it has begun
        return found

    def one(self, **values: Any) -> Any | None:
        """The first row, or None."""
        found = self.all(**values)
        return found[0] if found else None
