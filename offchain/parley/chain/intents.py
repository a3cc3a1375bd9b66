"""What the sender means to send, kept in the store: an intent before it has a nonce, its signed transactions
before they are broadcast. The key of an intent is what it achieves, so the same thing is never meant twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

import orjson
import sqlalchemy as sa

from parley.chain.errors import IntentMismatch
from parley.chain.escrow import Call
from parley.chain.models import Fees
from parley.errors import ParleyError
from parley.store import DocumentPut, EventStore, Statement, Transaction, parameter, schema

MAX_KEY: Final = 200
_TABLE: Final = schema.intents
_SENT: Final = schema.transactions


class IntentStatus(StrEnum):
    """Where an intent stands."""

    QUEUED = "queued"  # recorded, no nonce yet
    WAITING = "waiting"  # the same, and the gas budget does not hold it now
    CARRIED = "carried"  # part of a batch, whose own intent has the nonce
    SIGNED = "signed"  # has a nonce and a signed transaction, broadcast or about to be
    MINED = "mined"  # in a block, not deep enough yet
    CONFIRMED = "confirmed"  # done
    REVERTED = "reverted"  # mined, and the contract refused
    FAILED = "failed"  # not sent: it would revert
    DONE = "done"  # not sent: the chain already has its effect


CARRIER: Final = "batch:"
CARRIER_KIND: Final = "carrier"
UNDER_WAY: Final = (
    IntentStatus.QUEUED,
    IntentStatus.WAITING,
    IntentStatus.SIGNED,
    IntentStatus.CARRIED,
)
ON_CHAIN: Final = (IntentStatus.MINED, IntentStatus.CONFIRMED, IntentStatus.REVERTED)


_FEW: Final = 4
"""So many rows are cheaper asked for one by one, by a statement that is made already."""
_CHAIN: Final = _TABLE.c.chain_id == parameter("chain", sa.BigInteger)
_MINE: Final = sa.and_(_CHAIN, _TABLE.c.sender == parameter("account"))
_BY_KEY: Final = Statement(sa.select(_TABLE).where(_CHAIN, _TABLE.c.key == parameter("wanted")))
_BETWEEN: Final = Statement(
    sa.select(_TABLE)
    .where(_CHAIN, _TABLE.c.key >= parameter("low"), _TABLE.c.key < parameter("high"))
    .order_by(_TABLE.c.id)
)
_NONCES: Final = Statement(
    sa.select(_TABLE.c.nonce).where(_MINE, _TABLE.c.nonce >= parameter("first", sa.BigInteger))
)
_SENT_OF: Final = Statement(sa.select(_SENT).where(_SENT.c.intent == parameter("wanted", sa.BigInteger)))
_ALIKE: Final = Statement(
    sa.select(sa.func.count().label("number")).where(_CHAIN, _TABLE.c.key.like(parameter("pattern")))
)
_INSERT: Final = Statement(
    sa.insert(_TABLE), [column.name for column in _TABLE.columns if column.name != "id"]
)
_INSERT_SENT: Final = Statement(sa.insert(_SENT), [column.name for column in _SENT.columns])


def _among(statuses: Iterable[str]) -> sa.ColumnElement[bool]:
    return sa.or_(*(_TABLE.c.status == status for status in statuses))


@cache
def _in_status(statuses: tuple[str, ...], *, mine: bool, reported: bool = True) -> Statement:
    """Intents of an account, lowest nonce first, or of the chain, oldest first; without those reported."""
    conditions = [_MINE if mine else _CHAIN, _among(statuses)]
    conditions += [] if reported else [_TABLE.c.reported.is_(False)]
    first = [sa.func.coalesce(_TABLE.c.nonce, sa.literal_column(str(2**62)))] if mine else []
    query = sa.select(_TABLE).where(*conditions).order_by(*first, _TABLE.c.id)
    return Statement(query.limit(parameter("most", sa.Integer)))


@cache
def _above_nonce(statuses: tuple[str, ...]) -> Statement:
    above = _TABLE.c.nonce >= parameter("first", sa.BigInteger)
    return Statement(sa.select(_TABLE).where(_MINE, above, _among(statuses)).order_by(_TABLE.c.nonce))


@cache
def _change(columns: tuple[str, ...], *, numbered: bool | None) -> Statement:
    """Sets these columns of an intent that is as it was read: with that nonce, or without one. None: of an
    item of a batch, whatever its status.
    """
    conditions = [_TABLE.c.id == parameter("was_id", sa.BigInteger)]
    if numbered is not None:
        conditions.append(_TABLE.c.status == parameter("was_status"))
    conditions.append(
        _TABLE.c.nonce == parameter("was_nonce", sa.BigInteger) if numbered else _TABLE.c.nonce.is_(None)
    )
    values = {name: sa.bindparam(name, type_=_TABLE.c[name].type) for name in columns}
    return Statement(sa.update(_TABLE).where(*conditions).values(values))


@dataclass(frozen=True, slots=True)
class Intent:
    """One intent. `transaction` is the hash that counts: the mined one, or the newest signed one."""

    id: int
    key: str
    sender: str
    to: str
    data: bytes
    gas: int | None
    status: IntentStatus
    nonce: int | None
    transaction: str | None
    block_number: int | None
    block_hash: str | None
    error: dict[str, Any] | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Sent:
    """One signed transaction of an intent. Fees are wei a gas; `broadcast_at` unix seconds, None before the
    first time.
    """

    hash: str
    intent: int
    nonce: int
    raw: bytes
    fees: Fees
    gas: int
    broadcast_at: int | None
    broadcast_block: int | None


def _intent(row: Any) -> Intent:
    return Intent(
        id=row.id,
        key=row.key,
        sender=row.sender,
        to=row.to,
        data=bytes.fromhex(row.data[2:]),
        gas=row.gas,
        status=IntentStatus(row.status),
        nonce=row.nonce,
        transaction=row.transaction,
        block_number=row.block_number,
        block_hash=row.block_hash,
        error=None if row.error is None else orjson.loads(row.error),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _sent(row: Any) -> Sent:
    return Sent(
        hash=row.hash,
        intent=row.intent,
        nonce=row.nonce,
        raw=bytes.fromhex(row.raw[2:]),
        fees=Fees(int(row.max_fee), int(row.priority_fee)),
        gas=row.gas,
        broadcast_at=row.broadcast_at,
        broadcast_block=row.broadcast_block,
    )


def _problem(error: ParleyError | Mapping[str, Any]) -> Mapping[str, Any]:
    return error.as_problem() if isinstance(error, ParleyError) else error


class Intents:
    """The intents of one sending account on one chain."""

    def __init__(self, store: EventStore, chain_id: int, sender: str) -> None:
        self._store = store
        self._chain = chain_id
        self._sender = sender
        self.address = sender
        self._own: dict[str, Any] = {"chain": chain_id, "account": sender}

    # ----------------------------------------------------------------- reading

    def _rows(self, statement: Statement, transaction: Transaction | None, **values: Any) -> list[Any]:
        asked = self._store if transaction is None else transaction
        return asked.ask(statement, **values)

    def get(self, key: str, transaction: Transaction | None = None) -> Intent | None:
        """The intent with this key, by whichever account of this chain."""
        found = self._rows(_BY_KEY, transaction, chain=self._chain, wanted=key)
        return _intent(found[0]) if found else None

    def with_prefix(self, prefix: str) -> list[Intent]:
        """Intents whose key begins with `prefix`, in the order they were recorded."""
        last = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        return [_intent(row) for row in self._store.ask(_BETWEEN, chain=self._chain, low=prefix, high=last)]

    def in_status(self, statuses: Iterable[IntentStatus], limit: int = 500) -> list[Intent]:
        """Intents of this account in one of the statuses, lowest nonce first, then in the order recorded."""
        query = _in_status(tuple(map(str, statuses)), mine=True)
        return [_intent(row) for row in self._store.ask(query, **self._own, most=limit)]

    def unreported(self, limit: int = 100) -> list[Intent]:
        """Intents of the chain that failed or were reverted, of which nobody has taken note yet."""
        query = _in_status((str(IntentStatus.FAILED), str(IntentStatus.REVERTED)), mine=False, reported=False)
        return [_intent(row) for row in self._store.ask(query, chain=self._chain, most=limit)]

    def report(self, write: Transaction, intent: Intent) -> None:
        """Note that the end of an intent was taken note of."""
        write.execute(sa.update(_TABLE).where(_TABLE.c.id == intent.id).values(reported=True))

    def above_nonce(self, nonce: int, statuses: Iterable[IntentStatus]) -> list[Intent]:
        """Intents with at least this nonce in one of the statuses."""
        query = _above_nonce(tuple(map(str, statuses)))
        return [_intent(row) for row in self._store.ask(query, **self._own, first=nonce)]

    def nonces(self, first: int, transaction: Transaction | None = None) -> set[int]:
        """Nonces from `first` on that an intent has."""
        return {int(row[0]) for row in self._rows(_NONCES, transaction, **self._own, first=first)}

    def sent(self, intents: Sequence[Intent]) -> dict[int, list[Sent]]:
        """Signed transactions by intent, oldest first."""
        ids = [intent.id for intent in intents]
        if len(ids) <= _FEW:
            rows = [row for number in ids for row in self._store.ask(_SENT_OF, wanted=number)]
        else:
            rows = self._store.query(sa.select(_SENT).where(_SENT.c.intent.in_(ids)))
        found: dict[int, list[Sent]] = {}
        for row in rows:
            found.setdefault(row.intent, []).append(_sent(row))
        for items in found.values():
            items.sort(key=lambda item: (item.nonce, item.fees.max_fee, item.fees.priority_fee))
        return found

    def items(self, carrier: Intent) -> list[Intent]:
        """The intents that a batch carries, in their order; none for any other intent."""
        ids = self._item_ids(carrier)
        if not ids:
            return []
        rows = self._store.query(sa.select(_TABLE).where(_TABLE.c.id.in_(ids)))
        found = {row.id: _intent(row) for row in rows}
        return [found[number] for number in ids]

    def _item_ids(self, carrier: Intent) -> list[int]:
        if not carrier.key.startswith(CARRIER):
            return []
        body = self._store.documents.get(CARRIER_KIND, carrier.key)
        return [] if body is None else [int(number) for number in body["items"]]

    def load(self) -> dict[str, int]:
        """How many intents each account of this chain has under way."""
        live = [str(status) for status in UNDER_WAY]
        query = sa.select(_TABLE.c.sender, sa.func.count()).where(
            _TABLE.c.chain_id == self._chain, _TABLE.c.status.in_(live)
        )
        return {str(row[0]): int(row[1]) for row in self._store.query(query.group_by(_TABLE.c.sender))}

    def unsent(self) -> list[Intent]:
        """Intents of any account of this chain that have no nonce yet, oldest first."""
        query = _in_status((str(IntentStatus.QUEUED), str(IntentStatus.WAITING)), mine=False)
        return [_intent(row) for row in self._store.ask(query, chain=self._chain, most=500)]

    # ----------------------------------------------------------------- writing

    def carry(self, transaction: Transaction, call: Call, items: Sequence[Intent], sent: str) -> Intent:
        """Record a batch that carries `items`, which must be as they were read, in the transaction `sent`.
        Raises `IntentMismatch` when one was changed meanwhile.
        """
        first = items[0].id
        before = transaction.ask(_ALIKE, chain=self._chain, pattern=f"{CARRIER}{first}:%")[0].number
        carrier = self.record(transaction, f"{CARRIER}{first}:{before}", call)
        for item in items:
            if not self.mark(transaction, item, IntentStatus.CARRIED, transaction=sent):
                raise IntentMismatch("An item of a batch was changed meanwhile.", key=item.key)
        body = {"items": [item.id for item in items]}
        transaction.put_document(DocumentPut(CARRIER_KIND, carrier.key, body))
        return carrier

    def follow(
        self,
        write: Transaction,
        carrier: Intent,
        status: IntentStatus,
        failed: Mapping[int, ParleyError] | None = None,
        alone: ParleyError | Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> None:
        """Let the items of a batch share its fate; those in `failed`, by place, have failed for good. With
        `alone`, the error of the batch, they go one by one from now on.
        """
        for place, number in enumerate(self._item_ids(carrier)):
            error = None if failed is None else failed.get(place)
            shown = error or alone
            values: dict[str, Any] = {
                "status": str(IntentStatus.FAILED if error is not None else status),
                "error": None if shown is None else orjson.dumps(_problem(shown)).decode(),
                "updated_at": write.now,
                "reported": False,
                **changes,
            }
            write.run(_change(tuple(values), numbered=None), was_id=number, **values)

    def move(self, transaction: Transaction, intent: Intent, sender: str) -> bool:
        """Give an intent without a nonce to another account. False when it was changed meanwhile."""
        mine = sa.and_(
            _TABLE.c.id == intent.id, _TABLE.c.status == str(intent.status), _TABLE.c.nonce.is_(None)
        )
        return transaction.execute(sa.update(_TABLE).where(mine).values(sender=sender)).rowcount == 1

    def record(self, transaction: Transaction, key: str, call: Call) -> Intent:
        """Record an intent inside a transaction of the store; the one there already if the key is known.

        Raises `IntentMismatch` when the key stands for another call.
        """
        found = self.get(key, transaction)
        if found is not None:
            if (found.to, found.data) != (call.to, call.data):
                raise IntentMismatch("The key of the intent stands for another call.", key=key)
            return found
        values = {
            "chain_id": self._chain,
            "key": key,
            "sender": self._sender,
            "to": call.to,
            "value": "0",
            "data": "0x" + call.data.hex(),
            "gas": None,
            "status": str(IntentStatus.QUEUED),
            "reported": False,
            "nonce": None,
            "transaction": None,
            "block_number": None,
            "block_hash": None,
            "error": None,
            "created_at": transaction.now,
            "updated_at": transaction.now,
        }
        transaction.run(_INSERT, **values)
        return _intent(transaction.ask(_BY_KEY, chain=self._chain, wanted=key)[0])

    def mark(
        self,
        write: Transaction,
        intent: Intent,
        status: IntentStatus,
        *,
        error: ParleyError | Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> bool:
        """Change an intent that is still as it was read, and its columns given by name.

        False when another process changed it meanwhile.
        """
        values: dict[str, Any] = {
            "status": str(status),
            "updated_at": write.now,
            "reported": False,
            **changes,
        }
        values["error"] = None if error is None else orjson.dumps(_problem(error)).decode()
        was: dict[str, Any] = {"was_id": intent.id, "was_status": str(intent.status)}
        if intent.nonce is not None:
            was["was_nonce"] = intent.nonce
        return write.run(_change(tuple(values), numbered=intent.nonce is not None), **was, **values) == 1

    def keep_signed(self, transaction: Transaction, sent: Sent) -> None:
        """Keep a signed transaction; it is broadcast only after this is durable."""
        transaction.run(
            _INSERT_SENT,
            hash=sent.hash,
            intent=sent.intent,
            nonce=sent.nonce,
            raw="0x" + sent.raw.hex(),
            max_fee=str(sent.fees.max_fee),
            priority_fee=str(sent.fees.priority_fee),
            gas=sent.gas,
            signed_at=transaction.now,
            broadcast_at=None,
            broadcast_block=None,
        )

    def unbroadcast(self, transaction: Transaction, hashes: Sequence[str]) -> None:
        """Forget that the node had these transactions: they are broadcast again."""
        change = sa.update(_SENT).where(_SENT.c.hash.in_(list(hashes)))
        transaction.execute(change.values(broadcast_at=None, broadcast_block=None))

    def broadcast(self, hashes: Sequence[str], block: int) -> None:
        """Record that the node has these transactions."""
        change = sa.update(_SENT).where(_SENT.c.hash.in_(list(hashes)))

        def work(transaction: Transaction) -> None:
            transaction.execute(change.values(broadcast_at=transaction.now, broadcast_block=block))

        if hashes:
            self._store.transact(work)
