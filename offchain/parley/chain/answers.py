"""Strict reading of a node's JSON. Whatever is not exactly what was asked for is `NodeAnswerInvalid`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from parley.chain.errors import NodeAnswerInvalid
from parley.chain.models import Block, Log, Mined, Receipt

_QUANTITY: Final = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,63})", re.ASCII)
_HASH: Final = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_DATA: Final = re.compile(r"0x([0-9a-fA-F]{2})*", re.ASCII)


def refuse(what: str, value: Any, **values: Any) -> NoReturn:
    raise NodeAnswerInvalid(f"The node's answer is not {what}.", answer=repr(value)[:200], **values)


def mapping(value: Any, what: str = "an object") -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        refuse(what, value)
    return value


def quantity(value: Any, what: str = "a quantity") -> int:
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        refuse(what, value)
    return int(value, 16)


def hash32(value: Any, what: str = "a hash") -> str:
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        refuse(what, value)
    return value.lower()


def address(value: Any, what: str = "an address") -> str:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        refuse(what, value)
    return value.lower()


def data(value: Any, what: str = "data") -> bytes:
    if not isinstance(value, str) or not _DATA.fullmatch(value):
        refuse(what, value)
    return bytes.fromhex(value[2:])


def block(value: Any, number: int | None = None, block_hash: str | None = None) -> Block:
    """A block's header, which must be the one asked for."""
    body = mapping(value, "a block")
    found = Block(
        number=quantity(body.get("number"), "a block number"),
        hash=hash32(body.get("hash"), "a block hash"),
        parent_hash=hash32(body.get("parentHash"), "a parent hash"),
        timestamp=quantity(body.get("timestamp"), "a block time"),
        base_fee=quantity(body.get("baseFeePerGas", "0x0"), "a base fee"),
        bloom=data(body.get("logsBloom", "0x"), "a bloom filter"),
    )
    if number is not None and found.number != number:
        refuse("the block asked for", found.number, asked=number)
    if block_hash is not None and found.hash != block_hash:
        refuse("the block asked for", found.hash, asked=block_hash)
    return found


def log(value: Any) -> Log:
    body = mapping(value, "a log")
    topics = body.get("topics")
    if not isinstance(topics, list) or len(topics) > 4:
        refuse("a list of topics", topics)
    if body.get("removed") is True:
        refuse("a log of the chain", value)
    return Log(
        address=address(body.get("address"), "a log's address"),
        topics=tuple(hash32(topic, "a topic") for topic in topics),
        data=data(body.get("data"), "a log's data"),
        block_number=quantity(body.get("blockNumber"), "a block number"),
        block_hash=hash32(body.get("blockHash"), "a block hash"),
        transaction=hash32(body.get("transactionHash"), "a transaction hash"),
        index=quantity(body.get("logIndex"), "a log index"),
    )


def logs(value: Any) -> list[Log]:
    if not isinstance(value, list):
        refuse("a list of logs", value)
    return [log(item) for item in value]


def receipt(value: Any, transaction: str) -> Receipt:
    """A receipt, which must be of the transaction asked for and carry only its own logs."""
    body = mapping(value, "a receipt")
    contract = body.get("contractAddress")
    status = quantity(body.get("status"), "a status")
    found = Receipt(
        transaction=hash32(body.get("transactionHash"), "a transaction hash"),
        block_number=quantity(body.get("blockNumber"), "a block number"),
        block_hash=hash32(body.get("blockHash"), "a block hash"),
        ok=status == 1,
        gas_used=quantity(body.get("gasUsed"), "gas"),
        gas_price=quantity(body.get("effectiveGasPrice", "0x0"), "a gas price"),
        sender=address(body.get("from"), "a sender"),
        contract=None if contract is None else address(contract, "a contract's address"),
        logs=tuple(logs(body.get("logs"))),
    )
    if status > 1:
        refuse("a status", status)
    if found.transaction != transaction:
        refuse("the receipt asked for", found.transaction, asked=transaction)
    for item in found.logs:
        if (item.transaction, item.block_hash) != (found.transaction, found.block_hash):
            refuse("a receipt with its own logs", item.transaction, asked=transaction)
    return found


def mined(value: Any, transaction: str) -> Mined:
    """A transaction, which must be the one asked for."""
    body = mapping(value, "a transaction")
    number, block_hash, to = body.get("blockNumber"), body.get("blockHash"), body.get("to")
    found = Mined(
        hash=hash32(body.get("hash"), "a transaction hash"),
        sender=address(body.get("from"), "a sender"),
        to=None if to is None else address(to, "a recipient"),
        nonce=quantity(body.get("nonce"), "a nonce"),
        data=data(body.get("input"), "calldata"),
        block_number=None if number is None else quantity(number, "a block number"),
        block_hash=None if block_hash is None else hash32(block_hash, "a block hash"),
    )
    if found.hash != transaction:
        refuse("the transaction asked for", found.hash, asked=transaction)
    return found
