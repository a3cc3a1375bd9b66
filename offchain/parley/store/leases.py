"""Leases: one process at a time sends transactions or follows the chain, and takes over when the other is
gone.

A holder that was paused may wake after somebody else took over. Its clock cannot tell it; the fencing
token can: every write made under `EventStore.fenced` is refused inside its transaction when the token is
no longer the newest. (Kleppmann, "How to do distributed locking", 2016.)
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from parley.store import schema
from parley.store.models import Lease
from parley.store.reader import Reader, parameter
from parley.store.transaction import Transaction

T = TypeVar("T")
Transact = Callable[[Callable[[Transaction], "Lease | None"]], "Lease | None"]


class Leases:
    """Taking, renewing and giving up, each in one transaction. Times are unix seconds of the store's
    clock.
    """

    def __init__(self, transact: Transact, reader: Reader, clock: Callable[[], int]) -> None:
        self._transact = transact
        self._clock = clock
        table = schema.leases
        self._held = reader.prepare(sa.select(table).where(table.c.name == parameter("name")))

    def acquire(
        self, name: str, holder: str, seconds: int, gone: Callable[[str], bool] = lambda _: False
    ) -> Lease | None:
        """The lease for `holder`, new or renewed; None while somebody else's has not expired. Blocks.

        `gone` may know that another holder is dead, so that its time need not be waited for. If it is wrong,
        that holder's writes are refused all the same.
        """
        table = schema.leases

        def others(row: Any, now: int) -> bool:
            return row.holder != holder and now <= row.expires_at and not gone(row.holder)

        held = self._held.one(name=name)
        if held is not None and others(held, self._clock()):
            return None  # looking is cheap, and nobody has to wait for a write that changes nothing

        def work(transaction: Transaction) -> Lease | None:
            now = transaction.now
            row = transaction.execute(sa.select(table).where(table.c.name == name)).fetchone()
            if row is None:
                found = Lease(name, holder, 1, now + seconds)
                transaction.execute(
                    sa.insert(table).values(
                        name=name, holder=holder, token=found.token, expires_at=found.expires_at
                    )
                )
                return found
            if others(row, now):
                return None
            token = int(row.token) + (row.holder != holder)
            transaction.execute(
                sa.update(table)
                .where(table.c.name == name)
                .values(holder=holder, token=token, expires_at=now + seconds)
            )
            return Lease(name, holder, token, now + seconds)

        return self._transact(work)

    def release(self, lease: Lease) -> None:
        """Lets others take it at once. Nothing happens when it is lost already. Blocks."""
        table = schema.leases

        def work(transaction: Transaction) -> None:
            transaction.execute(
                sa.update(table)
                .where(table.c.name == lease.name, table.c.token == lease.token)
                .values(expires_at=transaction.now - 1)
            )

        self._transact(work)


def holder_name() -> str:
    """A name for this process, by which others on the same machine can tell whether it lives."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


def is_gone(holder: str) -> bool:
    """Whether the process that took this name is dead for certain: of this machine, and no longer there."""
    host, _, rest = holder.partition("/")
    number = rest.partition("/")[0]
    if host != socket.gethostname() or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
