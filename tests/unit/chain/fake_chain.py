"""A chain in memory that speaks JSON-RPC as a node does: blocks, logs, a pool of transactions,
reorganisations, and lies.

It is a `Transport`: no network. Transactions are decoded from their raw bytes; each one that is mined writes
the logs that `effects` gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from eth_abi.abi import encode
from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes

from parley.chain.abi import interface
from parley.chain.errors import NodeUnreachable
from parley.terms.values import keccak


def hash_of(*parts: object) -> str:
    return "0x" + keccak(repr(parts).encode()).hex()


@dataclass
class FakeLog:
    topics: list[str]
    data: str


@dataclass
class FakeTransaction:
    hash: str
    sender: str
    nonce: int
    to: str
    data: str
    max_fee: int
    priority_fee: int
    raw: bytes


@dataclass
class FakeBlock:
    number: int
    hash: str
    parent: str
    timestamp: int
    transactions: list[FakeTransaction]
    logs: list[tuple[str, FakeLog]] = field(default_factory=list)


def escrow_log(event: str, **arguments: Any) -> FakeLog:
    """A log as the escrow would write it."""
    kind = next(e for e in interface("IEscrow").events.values() if e.name == event)
    topics, names, values = [kind.topic], [], []
    for name, abi_type, marked in zip(kind.names, kind.types, kind.indexed, strict=True):
        value = arguments[name]
        if abi_type == "bytes32":
            value = bytes.fromhex(value[2:])
        if marked:
            topics.append("0x" + encode([abi_type], [value]).hex())
        else:
            names.append(abi_type)
            values.append(value)
    return FakeLog(topics, "0x" + encode(names, values).hex())


class FakeChain:
    """One canonical chain. `automine` mines each transaction as it arrives. `broken` makes requests fail by
    name.
    """

    ESCROW: ClassVar[str] = "0x" + "e5" * 20

    def __init__(self) -> None:
        self.salt = 0
        self.blocks = [FakeBlock(0, hash_of("genesis"), "0x" + "00" * 32, 1_700_000_000, [])]
        self.pool: list[FakeTransaction] = []
        self.known: dict[str, FakeTransaction] = {}
        self.automine = True
        self.base_fee = 10**9
        self.bloom = False
        self.reverting: set[str] = set()
        self.effects: Callable[[FakeTransaction], list[FakeLog]] = lambda _transaction: []
        self.before: dict[str, Callable[[list[Any]], Any]] = {}
        self.after: dict[str, Callable[[list[Any], Any], Any]] = {}
        self.asked: list[str] = []
        self.accepted: list[str] = []

    # --------------------------------------------------------------- the chain

    def mine(self, *logs: FakeLog, transactions: Sequence[FakeTransaction] | None = None) -> FakeBlock:
        """A new block: the logs given, then the pool's transactions in order of nonces."""
        previous = self.blocks[-1]
        number = previous.number + 1
        block = FakeBlock(
            number,
            hash_of("block", previous.hash, self.salt, len(logs), [t.hash for t in self.pool]),
            previous.hash,
            previous.timestamp + 2,
            [],
        )
        for index, log in enumerate(logs):
            block.logs.append((hash_of("tx", block.hash, index), log))
        self.blocks.append(block)
        for transaction in list(self.pool) if transactions is None else transactions:
            payable = transaction.max_fee >= self.base_fee
            if payable and transaction.nonce == self.nonce(transaction.sender):
                block.transactions.append(transaction)
                if transaction in self.pool:
                    self.pool.remove(transaction)
                if transaction.data not in self.reverting:
                    block.logs += [(transaction.hash, log) for log in self.effects(transaction)]
        return block

    def reorg(self, depth: int, *, keep: bool = False) -> None:
        """Drop the newest blocks. Their transactions are gone, or back in the pool."""
        gone = self.blocks[len(self.blocks) - depth :]
        del self.blocks[len(self.blocks) - depth :]
        self.salt += 1
        for block in gone:
            if keep:
                self.pool = sorted([*block.transactions, *self.pool], key=lambda t: t.nonce)
            else:
                for transaction in block.transactions:
                    self.known.pop(transaction.hash, None)

    def nonce(self, sender: str) -> int:
        return sum(t.sender == sender for block in self.blocks for t in block.transactions)

    def decode(self, raw: bytes) -> FakeTransaction:
        body = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        return FakeTransaction(
            hash="0x" + keccak(raw).hex(),
            sender=Account.recover_transaction(raw).lower(),
            nonce=int(body["nonce"]),
            to="0x" + bytes(body["to"]).hex(),
            data="0x" + bytes(body["data"]).hex(),
            max_fee=int(body["maxFeePerGas"]),
            priority_fee=int(body["maxPriorityFeePerGas"]),
            raw=raw,
        )

    # ---------------------------------------------------------------- JSON-RPC

    def request(self, method: str, params: Sequence[Any]) -> Any:
        self.asked.append(method)
        if method in self.before:
            early = self.before[method](list(params))
            if early is not None:
                return early
        handler = getattr(self, method, None)
        if handler is None:
            return {"id": 1, "error": {"code": -32601, "message": "method not found"}}
        answer = handler(*params)
        if not (isinstance(answer, dict) and "error" in answer):
            answer = {"id": 1, "result": answer}
        return self.after[method](list(params), answer) if method in self.after else answer

    def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        return [self.request(method, params) for method, params in requests]

    def down(self, *methods: str) -> None:
        """Make these methods (default: all) unreachable."""

        def fail(_params: list[Any]) -> Any:
            raise NodeUnreachable("The node does not answer.")

        for method in methods or [name for name in dir(self) if name.startswith("eth_")]:
            self.before[method] = fail

    def up(self) -> None:
        self.before.clear()
        self.after.clear()

    def eth_chainId(self) -> str:  # noqa: N802 - the name on the wire
        return hex(31_337)

    def eth_blockNumber(self) -> str:  # noqa: N802
        return hex(self.blocks[-1].number)

    def _header(self, block: FakeBlock) -> dict[str, Any]:
        bloom = "0x" + ("ff" if self.bloom or block.logs else "00") * 256
        return {
            "number": hex(block.number),
            "hash": block.hash,
            "parentHash": block.parent,
            "timestamp": hex(block.timestamp),
            "baseFeePerGas": hex(self.base_fee),
            "logsBloom": bloom,
        }

    def eth_getBlockByNumber(self, tag: str, _full: bool) -> Any:  # noqa: N802
        number = self.blocks[-1].number if tag in ("latest", "pending") else int(tag, 16)
        return self._header(self.blocks[number]) if number < len(self.blocks) else None

    def _logs(self, block: FakeBlock) -> list[dict[str, Any]]:
        return [
            {
                "address": self.ESCROW,
                "topics": log.topics,
                "data": log.data,
                "blockNumber": hex(block.number),
                "blockHash": block.hash,
                "transactionHash": transaction,
                "logIndex": hex(index),
            }
            for index, (transaction, log) in enumerate(block.logs)
        ]

    def eth_getLogs(self, query: dict[str, Any]) -> Any:  # noqa: N802
        if "blockHash" in query:
            chosen = [block for block in self.blocks if block.hash == query["blockHash"]]
        else:
            first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
            chosen = self.blocks[first : last + 1]
        return [log for block in chosen for log in self._logs(block)]

    def eth_getTransactionCount(self, address: str, tag: str) -> str:  # noqa: N802
        mined = self.nonce(address)
        if tag == "pending":
            waiting = {t.nonce for t in self.pool if t.sender == address}
            while mined in waiting:
                mined += 1
        return hex(mined)

    def eth_sendRawTransaction(self, raw: str) -> Any:  # noqa: N802
        transaction = self.decode(bytes.fromhex(raw[2:]))
        if transaction.hash in self.known:
            return {"error": {"code": -32000, "message": "already known"}}
        if transaction.nonce < self.nonce(transaction.sender):
            return {"error": {"code": -32000, "message": "nonce too low: next nonce 9, tx nonce 1"}}
        same = [t for t in self.pool if (t.sender, t.nonce) == (transaction.sender, transaction.nonce)]
        for other in same:
            if (
                transaction.max_fee * 10 < other.max_fee * 11
                or transaction.priority_fee * 10 < other.priority_fee * 11
            ):
                return {"error": {"code": -32000, "message": "replacement transaction underpriced"}}
            self.pool.remove(other)
        self.known[transaction.hash] = transaction
        self.accepted.append(transaction.hash)
        self.pool.append(transaction)
        self.pool.sort(key=lambda t: t.nonce)
        if self.automine:
            self.mine()
        return transaction.hash

    def _place(self, transaction: str) -> FakeBlock | None:
        return next((b for b in self.blocks if transaction in [t.hash for t in b.transactions]), None)

    def eth_getTransactionReceipt(self, transaction: str) -> Any:  # noqa: N802
        block = self._place(transaction)
        if block is None:
            return None
        found = self.known[transaction]
        return {
            "transactionHash": transaction,
            "blockNumber": hex(block.number),
            "blockHash": block.hash,
            "status": "0x0" if found.data in self.reverting else "0x1",
            "gasUsed": "0x5208",
            "effectiveGasPrice": hex(self.base_fee),
            "from": found.sender,
            "contractAddress": None,
            "logs": [],
        }

    def eth_getTransactionByHash(self, transaction: str) -> Any:  # noqa: N802
        found = self.known.get(transaction)
        if found is None:
            return None
        block = self._place(transaction)
        return {
            "hash": transaction,
            "from": found.sender,
            "to": found.to,
            "nonce": hex(found.nonce),
            "input": found.data,
            "blockNumber": None if block is None else hex(block.number),
            "blockHash": None if block is None else block.hash,
        }

    def eth_estimateGas(self, request: dict[str, Any], _tag: str) -> Any:  # noqa: N802
        return hex(50_000)

    def eth_call(self, request: dict[str, Any], _tag: str) -> Any:
        return "0x"

    def eth_maxPriorityFeePerGas(self) -> str:  # noqa: N802
        return hex(10**6)

    def eth_getCode(self, _address: str, _tag: str) -> str:  # noqa: N802
        return "0x6000"
