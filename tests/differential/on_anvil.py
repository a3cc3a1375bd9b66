"""The deployed escrow, asked in batches over plain JSON-RPC."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.abi import collapse_if_tuple

from parley.chain.artifacts import artifact
from parley.terms.values import Address, Hash32, keccak

CALLER = "0x" + "ca" * 20


def rpc(url: str, calls: Sequence[tuple[str, list[Any]]]) -> list[dict[str, Any]]:
    """The answers of a node to a batch of (method, parameters), in order."""
    body = [
        {"jsonrpc": "2.0", "id": at, "method": name, "params": given}
        for at, (name, given) in enumerate(calls)
    ]
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        answers: list[dict[str, Any]] = json.load(response)
    return sorted(answers, key=lambda answer: int(answer["id"]))


class Escrow:
    """Read-only calls of one escrow; `answers` has one entry a call."""

    def __init__(self, rpc_url: str) -> None:
        self._url = rpc_url
        found = artifact("Escrow")
        self._functions = {item["name"]: item for item in found.abi if item["type"] == "function"}
        self._errors = {
            keccak(f"{item['name']}({','.join(_kinds(item))})".encode())[:4]: item
            for item in found.abi
            if item["type"] == "error"
        }
        account = self._rpc([("eth_accounts", [])])[0]["result"][0]
        create = {"from": account, "data": "0x" + found.bytecode.hex(), "gas": hex(15_000_000)}
        sent = self._rpc([("eth_sendTransaction", [create])])[0]["result"]
        receipt = None
        while receipt is None:
            _, receipt = (
                answer["result"]
                for answer in self._rpc([("evm_mine", []), ("eth_getTransactionReceipt", [sent])])
            )
        self.address = Address(receipt["contractAddress"].lower())

    def _rpc(self, calls: Sequence[tuple[str, list[Any]]]) -> list[dict[str, Any]]:
        return rpc(self._url, calls)

    def now(self) -> int:
        """Time of the latest block, unix seconds, in which calls are made."""
        block = self._rpc([("eth_getBlockByNumber", ["latest", False])])[0]["result"]
        return int(block["timestamp"], 16)

    def call(self, calls: Sequence[tuple[str, list[Any], dict[str, str]]]) -> list[dict[str, Any]]:
        """Each call is (function, arguments, storage words to assume). The raw JSON-RPC answers."""
        wire = []
        for function, arguments, storage in calls:
            item = self._functions[function]
            selector = keccak(f"{function}({','.join(_kinds(item))})".encode())[:4]
            data = selector + encode(_kinds(item), arguments)
            target = {"from": CALLER, "to": self.address, "data": "0x" + data.hex()}
            override = [{self.address: {"stateDiff": storage}}] if storage else []
            wire.append(("eth_call", [target, "latest", *override]))
        # Anvil takes at most two megabytes at once.
        return [
            answer for start in range(0, len(wire), 200) for answer in self._rpc(wire[start : start + 200])
        ]

    def error(self, answer: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Name and arguments of the custom error that a call ended with."""
        data = bytes.fromhex(answer["error"]["data"][2:])
        item = self._errors[data[:4]]
        values = decode(_kinds(item), data[4:])
        return item["name"], {
            part["name"]: Hash32.of(value) if isinstance(value, bytes) else value
            for part, value in zip(item["inputs"], values, strict=True)
        }


def state_slot(deal_id: Hash32, position: int) -> str:
    """Storage slot of a deal's word when the mapping of deals has this position."""
    return Hash32.of(keccak(bytes.fromhex(deal_id[2:]) + position.to_bytes(32, "big")))


def _kinds(item: dict[str, Any]) -> list[str]:
    return [collapse_if_tuple(part) for part in item["inputs"]]
