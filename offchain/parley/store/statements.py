"""Statements compiled once per dialect and run straight on the driver's cursor: the hot path of an append.

SQLAlchemy's execution costs about five times the statement itself here, and an append makes up to eight of
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement


class Compiled:
    """One compiled statement. Every column used on this path is text, integer or boolean, so binds need no
    conversion.
    """

    def __init__(
        self, statement: ClauseElement, dialect: Dialect, names: Sequence[str] | None = None
    ) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=names)
        self._text = str(compiled)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._names: tuple[str, ...] | None = tuple(compiled.positiontup) if compiled.positional else None
        # Rows that come in this very order need no binding.
        self._columns = () if self._names == tuple(names or ()) else tuple(names or ())

    def _bind(self, values: Mapping[str, Any]) -> Any:
        if self._names is None:
            return {**self._fixed, **values}
        fixed = self._fixed
        return tuple([values[name] if name in values else fixed[name] for name in self._names])

    def one(self, cursor: Any, values: Mapping[str, Any]) -> Any | None:
        """The first row, or None."""
        cursor.execute(self._text, self._bind(values))
        return cursor.fetchone()

    def all(self, cursor: Any, values: Mapping[str, Any]) -> list[Any]:
        """Every row."""
        cursor.execute(self._text, self._bind(values))
        return list(cursor.fetchall())

    def run(self, cursor: Any, values: Mapping[str, Any]) -> None:
        """Execute once."""
        cursor.execute(self._text, self._bind(values))

    def run_many(self, cursor: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute for every row; nothing for no rows."""
        if len(rows) == 1:
            self.run(cursor, rows[0])
        elif rows:
            cursor.executemany(self._text, [self._bind(row) for row in rows])

    def run_rows(self, cursor: Any, rows: Sequence[tuple[Any, ...]]) -> None:
        """Execute for every row, given as its values in the order of the statement's `names`."""
        if self._columns:
            self.run_many(cursor, [dict(zip(self._columns, row, strict=True)) for row in rows])
        elif rows:
            cursor.executemany(self._text, rows)


def insert_of(table: sa.Table, dialect: Dialect) -> Compiled:
    """A plain insert of every column."""
    return Compiled(sa.insert(table), dialect, [column.name for column in table.columns])
