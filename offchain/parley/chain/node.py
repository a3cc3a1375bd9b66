"""A node of the chain: typed questions, strictly checked answers, repeated only where repeating is
harmless.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from parley.chain import answers
from parley.chain.errors import (
    ContractError,
    NodeAnswerInvalid,
    NodeRefused,
    NodeUnreachable,
    NodeWrongChain,
    NonceTooLow,
    SenderUnfunded,
    TransactionKnown,
    TransactionUnderpriced,
    decode_revert,
)
from parley.chain.models import Block, BlockTag, Log, Mined, Receipt
from parley.terms.values import keccak

if TYPE_CHECKING:
    from parley.chain.transport import Transport

T = TypeVar("T")

_BATCH: Final = 100
_REVERT: Final = re.compile(r"revert", re.IGNORECASE)
_REFUSALS: Final[tuple[tuple[re.Pattern[str], type[NodeRefused]], ...]] = (
    (
        re.compile(r"already known|already imported|known transaction|alreadyexists", re.IGNORECASE),
        TransactionKnown,
    ),
    (re.compile(r"nonce too low|nonce is too low|old nonce|invalid nonce.*low", re.IGNORECASE), NonceTooLow),
    (
        re.compile(r"underpriced|fee too low|max fee per gas less than|fee cap less than", re.IGNORECASE),
        TransactionUnderpriced,
    ),
    (re.compile(r"insufficient funds", re.IGNORECASE), SenderUnfunded),
)


def _tag(block: BlockTag) -> str:
    return hex(block) if isinstance(block, int) else block


class NodeClient:
    """One JSON-RPC node.

    Reads are repeated up to `attempts` times while the node is unreachable; sending is never repeated here.
    Every method raises `NodeUnreachable`, `NodeAnswerInvalid` or `NodeRefused`; calls that run contract code
    also raise `ContractError` when the contract refuses. `chain_id` given: `check` and the first question
    verify it.
    """

    def __init__(
        self,
        rpc_url: str,
        *,
        chain_id: int | None = None,
        timeout: float = 10.0,
        attempts: int = 3,
        transport: Transport | None = None,
    ) -> None:
        self.rpc_url = rpc_url
        self._expected = chain_id
        self._chain_id: int | None = None
        self._again = Retrying(
            stop=stop_after_attempt(attempts),
            wait=wait_random_exponential(multiplier=0.05, max=1),
            retry=retry_if_exception_type(NodeUnreachable),
            reraise=True,
        )
        if transport is None:
            from parley.chain.transport import HttpTransport

            transport = HttpTransport(rpc_url, timeout)
        self._transport = transport
        self.newest: tuple[float, int] | None = None
        """When (`time.monotonic`) the newest block was asked for last, and that block's unix time."""

    # ------------------------------------------------------------------ basis

    def request(self, method: str, params: Sequence[Any] = ()) -> Any:
        """The `result` of one request, sent once."""
        return _result(method, self._transport.request(method, params))

    def _batch(self, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        answered = self._transport.batch(asked)
        return [_result(method, answer) for (method, _), answer in zip(asked, answered, strict=True)]

    def _retrying(self, ask: Callable[..., T], *arguments: Any) -> T:
        return self._again(ask, *arguments)

    def _read(self, method: str, params: Sequence[Any] = ()) -> Any:
        return self._retrying(self.request, method, params)

    def _each(self, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        found: list[Any] = []
        for (method, _), answer in zip(asked, self._transport.batch(asked), strict=True):
            try:
                found.append(_result(method, answer))
            except ContractError as refused:
                found.append(refused)
        return found

    def gather_each(self, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """As `gather`, but what a contract refuses is its `ContractError` in the place of the result."""
        return self._retrying(self._each, asked)

    def gather(self, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """The unchecked `result`s of several reads in one request; read them with `parley.chain.answers`.

        Raises what the first refused one raises.
        """
        return self._retrying(self._batch, asked)

    def chain_id(self) -> int:
        """The chain's id; asked once. Raises `NodeWrongChain` when another was expected."""
        if self._chain_id is None:
            found = answers.quantity(self._read("eth_chainId"), "a chain id")
            self._check(found)
            self._chain_id = found
        return self._chain_id

    def check(self) -> int:
        """Ask the chain's id again: a node may have been exchanged behind its address."""
        found = answers.quantity(self._read("eth_chainId"), "a chain id")
        self._check(found)
        if self._chain_id not in (None, found):
            raise NodeWrongChain("The node has changed its chain.", before=self._chain_id, now=found)
        self._chain_id = found
        return found

    def _check(self, found: int) -> None:
        if self._expected is not None and found != self._expected:
            raise NodeWrongChain("The node follows another chain.", expected=self._expected, found=found)

    # ------------------------------------------------------------------ blocks

    def block_number(self) -> int:
        """Height of the newest block."""
        return answers.quantity(self._read("eth_blockNumber"), "a block number")

    def block(self, number: BlockTag = "latest") -> Block | None:
        """A block's header by number or tag; None when the chain has none."""
        found = self._read("eth_getBlockByNumber", [_tag(number), False])
        if found is None:
            return None
        return answers.block(found, number=number if isinstance(number, int) else None)

    def blocks(self, first: int, last: int) -> list[Block]:
        """Headers of blocks `first` to `last`, which must be linked by their parents' hashes.

        Raises `NodeAnswerInvalid` where they are not: the chain changed meanwhile, or the node lies.
        """
        asked = [("eth_getBlockByNumber", (hex(number), False)) for number in range(first, last + 1)]
        found: list[Block] = []
        for start in range(0, len(asked), _BATCH):
            for number, answer in enumerate(
                self._retrying(self._batch, asked[start : start + _BATCH]), first + start
            ):
                header = answers.block(answer, number=number)
                if found and header.parent_hash != found[-1].hash:
                    answers.refuse(
                        "a chain of blocks", header.parent_hash, number=number, before=found[-1].hash
                    )
                found.append(header)
        return found

    def latest(self) -> Block:
        """The newest block's header."""
        found = self.block("latest")
        if found is None:
            answers.refuse("a newest block", None)
        self.saw(found)
        return found

    def saw(self, newest: Block) -> None:
        """Take note of a newest block that was asked for with other questions."""
        self.newest = time.monotonic(), newest.timestamp

    def logs(self, address: str, first: int, last: int, topics: Sequence[str | None] = ()) -> list[Log]:
        """Logs of one contract in blocks `first` to `last`, ordered; of some topics only where they are
        given.
        """
        query = {"address": address, "fromBlock": hex(first), "toBlock": hex(last), "topics": list(topics)}
        found = answers.logs(self._read("eth_getLogs", [query]))
        for log in found:
            if log.address != address.lower() or not first <= log.block_number <= last:
                answers.refuse("the logs asked for", log.address, asked=address, first=first, last=last)
        return sorted(found, key=lambda log: (log.block_number, log.index))

    def logs_of_block(self, address: str, block_hash: str) -> list[Log]:
        """Logs of one contract in exactly one block."""
        found = answers.logs(self._read("eth_getLogs", [{"address": address, "blockHash": block_hash}]))
        for log in found:
            if log.address != address.lower() or log.block_hash != block_hash:
                answers.refuse("the logs asked for", log.block_hash, asked=block_hash)
        return sorted(found, key=lambda log: log.index)

    # ---------------------------------------------------------------- accounts

    def code(self, address: str, block: BlockTag = "latest") -> bytes:
        """Runtime code at an address; empty for an account without."""
        return answers.data(self._read("eth_getCode", [address, _tag(block)]), "code")

    def balance(self, address: str, block: BlockTag = "latest") -> int:
        """Balance in wei."""
        return answers.quantity(self._read("eth_getBalance", [address, _tag(block)]), "a balance")

    def nonce(self, address: str, block: BlockTag = "pending") -> int:
        """Number of transactions of an account; `pending` counts what waits in the node's pool."""
        return answers.quantity(self._read("eth_getTransactionCount", [address, _tag(block)]), "a nonce")

    # ------------------------------------------------------------------- calls

    @staticmethod
    def asking(
        to: str,
        data: bytes,
        *,
        sender: str | None = None,
        block: BlockTag = "latest",
        gas: int | None = None,
    ) -> tuple[str, tuple[Any, ...]]:
        """What `call` asks, to be asked with others by `gather`."""
        request = {"to": to, "data": "0x" + data.hex()}
        if sender is not None:
            request["from"] = sender
        if gas is not None:
            request["gas"] = hex(gas)
        return "eth_call", (request, _tag(block))

    def call(
        self,
        to: str,
        data: bytes,
        *,
        sender: str | None = None,
        block: BlockTag = "latest",
        gas: int | None = None,
    ) -> bytes:
        """Run a call without a transaction, with a limit of `gas` where one is given. Raises `ContractError`
        when the contract refuses.
        """
        return answers.data(
            self._read(*self.asking(to, data, sender=sender, block=block, gas=gas)), "call data"
        )

    def estimate(self, to: str | None, data: bytes, *, sender: str, block: BlockTag = "latest") -> int:
        """Gas that a transaction would need. Raises `ContractError` when it would revert.

        `pending` counts the effects of what waits in the node's pool.
        """
        request = {"from": sender, "data": "0x" + data.hex()}
        if to is not None:
            request["to"] = to
        return answers.quantity(self._read("eth_estimateGas", [request, _tag(block)]), "gas")

    def priority_fee(self) -> int:
        """The node's suggestion of a priority fee, wei a gas."""
        return answers.quantity(self._read("eth_maxPriorityFeePerGas"), "a priority fee")

    # ------------------------------------------------------------ transactions

    def send_raw(self, raw: bytes) -> str:
        """Hand a signed transaction to the node, once; its hash.

        Raises `TransactionKnown`, `NonceTooLow`, `TransactionUnderpriced`, `SenderUnfunded`, other
        `NodeRefused`; after `NodeUnreachable` the node may or may not have it.
        """
        expected = "0x" + keccak(raw).hex()
        found = answers.hash32(
            self.request("eth_sendRawTransaction", ["0x" + raw.hex()]), "a transaction hash"
        )
        if found != expected:
            raise NodeAnswerInvalid(
                "The node acknowledged another transaction.", sent=expected, answered=found
            )
        return expected

    def receipt(self, transaction: str) -> Receipt | None:
        """A transaction's receipt; None while it is not mined (or was reorganised away)."""
        found = self._read("eth_getTransactionReceipt", [transaction])
        return None if found is None else answers.receipt(found, transaction)

    def receipts(self, transactions: Sequence[str]) -> list[Receipt | None]:
        """Several receipts at once, in the order asked."""
        found: list[Receipt | None] = []
        for start in range(0, len(transactions), _BATCH):
            part = transactions[start : start + _BATCH]
            asked = [("eth_getTransactionReceipt", (transaction,)) for transaction in part]
            for transaction, answer in zip(part, self._retrying(self._batch, asked), strict=True):
                found.append(None if answer is None else answers.receipt(answer, transaction))
        return found

    def transaction(self, transaction: str) -> Mined | None:
        """A transaction as the node has it; None when the node does not know it."""
        found = self._read("eth_getTransactionByHash", [transaction])
        return None if found is None else answers.mined(found, transaction)


def _result(method: str, answer: Any) -> Any:
    """The result of a JSON-RPC answer; its error raised as a typed one."""
    if not isinstance(answer, dict):
        answers.refuse("a JSON-RPC answer", answer, method=method)
    error = answer.get("error")
    if error is not None:
        raise _refusal(method, error)
    if "result" not in answer:
        answers.refuse("a JSON-RPC answer", answer, method=method)
    return answer["result"]


def _refusal(method: str, error: Any) -> Exception:
    """The typed exception of a JSON-RPC error object."""
    body = answers.mapping(error, "a JSON-RPC error")
    message, code = str(body.get("message", ""))[:500], body.get("code")
    data = _revert_data(body.get("data"))
    if method in ("eth_call", "eth_estimateGas") and (
        data is not None or code == 3 or _REVERT.search(message)
    ):
        return _with_message(decode_revert(data or b""), message)
    for pattern, kind in _REFUSALS:
        if pattern.search(message):
            return kind(
                "The node refuses the transaction.", method=method, node_code=code, node_message=message
            )
    if code in (-32005, -32016, 429):
        return NodeUnreachable(
            "The node limits requests.", method=method, node_code=code, node_message=message
        )
    return NodeRefused("The node refuses the request.", method=method, node_code=code, node_message=message)


def _with_message(error: ContractError, message: str) -> ContractError:
    if not error.values:
        error.values = {"node_message": message}
    return error


def _revert_data(data: Any) -> bytes | None:
    """Revert data wherever nodes put it: as hex, or inside an object."""
    if isinstance(data, dict):
        data = data.get("data") or data.get("result")
    if isinstance(data, str):
        found = re.search(r"0x(?:[0-9a-fA-F]{2})*", data)
        if found is not None:
            return bytes.fromhex(found[0][2:])
    return None
