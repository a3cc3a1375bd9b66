"""Statements compiled once per dialect and run straight on the driver's cursor: the hot path of an append.

SQLAlchemy's execution costs about five times the statement itself here, and an append makes up to eight of
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement

_TOGETHER: Final = 32
"""Rows in one insert at most: each number of rows is a statement of its own for the server to prepare."""


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

    def count(self, cursor: Any, values: Mapping[str, Any]) -> int:
        """Execute once; how many rows it changed."""
        cursor.execute(self._text, self._bind(values))
        return int(cursor.rowcount)

    def run_many(self, cursor: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute for every row; nothing for no rows."""
        if len(rows) == 1:
            self.run(cursor, rows[0])
        elif rows:
            cursor.executemany(self._text, [self._bind(row) for row in rows])


class Insert(Compiled):
    """A plain insert of every column, for rows given as values in the order of the columns."""

    def __init__(self, table: sa.Table, dialect: Dialect) -> None:
        columns = [column.name for column in table.columns]
        super().__init__(sa.insert(table), dialect, columns)
        self._several = self._names != tuple(columns)  # else the driver takes the rows as they are
        self._into = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES "  # noqa: S608 - our own names
        self._row = f"({', '.join(['%s'] * len(columns))})"

    def run_rows(self, cursor: Any, rows: Sequence[tuple[Any, ...]]) -> None:
        """Execute for every row; nothing for no rows. A driver that would send them one by one gets them
        together.
        """
        if not self._several:
            if rows:
                cursor.executemany(self._text, rows)
            return
        for first in range(0, len(rows), _TOGETHER):
            part = rows[first : first + _TOGETHER]
            text = self._into + ", ".join([self._row] * len(part))
            cursor.execute(text, [value for row in part for value in row])


class Statement:
    """A statement with named parameters that another room runs often: made once, compiled once for each
    dialect, and run on the driver by `EventStore.ask`, `Transaction.ask` and `Transaction.run`.

    `columns` are those that an insert or update sets; a parameter of a condition has another name. Values are
    text, integers or booleans.
    """

    def __init__(self, clause: ClauseElement, columns: Sequence[str] | None = None) -> None:
        self._clause = clause
        self._columns = columns
        self._made: dict[str, Compiled] = {}
        self._row: Any = None
        if isinstance(clause, sa.Select):
            names = [(name, Any) for name in clause.selected_columns.keys()]  # noqa: SIM118 - no mapping
            self._row = NamedTuple("Row", names)  # type: ignore[misc] # named by the select

    def on(self, dialect: Dialect) -> Compiled:
        """As the driver of a dialect takes it."""
        made = self._made.get(dialect.name)
        if made is None:
            made = self._made[dialect.name] = Compiled(self._clause, dialect, self._columns)
        return made

    def rows(self, found: Sequence[tuple[Any, ...]]) -> list[Any]:
        """What a select found, with the columns by name and in order."""
        return [self._row._make(row) for row in found]


def parameter(name: str, kind: type[sa.types.TypeEngine[Any]] = sa.String) -> sa.BindParameter[Any]:
    """A named parameter of a statement."""
    return sa.bindparam(name, type_=kind())


def insert_of(table: sa.Table, dialect: Dialect) -> Insert:
    """A plain insert of every column."""
    return Insert(table, dialect)
