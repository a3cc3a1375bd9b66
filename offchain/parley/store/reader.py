"""Reading, on connections that cannot write. Each call sees one consistent snapshot."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from parley.store.errors import translate


class Reader:
    """Runs queries on a pool of read-only connections."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self, query: sa.Executable) -> list[Any]:
        """Every row. Raises the typed errors of the store."""
        try:
            with self._engine.connect() as connection:
                return list(connection.execute(query))
        except Exception as error:
            known = translate(error)
            if known is None or known is error:
                raise
            raise known from error

    def one(self, query: sa.Executable) -> Any | None:
        """The first row, or None."""
        found = self.all(query)
        return found[0] if found else None
