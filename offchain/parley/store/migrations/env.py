"""Alembic environment: runs on the connection that `parley.store.engine.migrate` hands over."""

from __future__ import annotations

from alembic import context

from parley.store.schema import metadata


def _run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


_run()
