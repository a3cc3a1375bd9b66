"""The node client: every answer is checked, every failure typed, and only harmless questions are repeated."""

from __future__ import annotations

from typing import Any

import pytest
from fake_chain import FakeChain

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
)
from parley.chain.escrow_errors import PriceZero
from parley.chain.models import Fees
from parley.chain.node import NodeClient
from parley.chain.transactions import Unsigned, sign
from parley.terms.signing import LocalSigner

HASH = "0x" + "11" * 32
ESCROW = FakeChain.ESCROW


class Scripted:
    """Answers each request with the next of a list; an exception in it is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked = 0

    def request(self, method: str, params: Any) -> Any:
        self.asked += 1
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def batch(self, requests: Any) -> list[Any]:
        return [self.request(method, params) for method, params in requests]


def client(*answers: Any, attempts: int = 3) -> tuple[NodeClient, Scripted]:
    scripted = Scripted(*answers)
    return NodeClient("http://fake", transport=scripted, attempts=attempts), scripted


GONE = NodeUnreachable("gone")


def test_reads_are_repeated_and_then_give_up() -> None:
    node, scripted = client(GONE, GONE, {"result": "0x5"})
    assert node.block_number() == 5
    node, scripted = client(GONE, GONE, GONE, {"result": "0x5"})
    with pytest.raises(NodeUnreachable):
        node.block_number()
    assert scripted.asked == 3


def test_sending_is_never_repeated() -> None:
    node, scripted = client(GONE, {"result": HASH})
    with pytest.raises(NodeUnreachable):
        node.send_raw(b"\x02")
    assert scripted.asked == 1


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "0x5",
        {},
        {"result": None},
        {"result": 5},
        {"result": "5"},
        {"result": "0x05"},
        {"result": "0x"},
        {"result": "0x" + "f" * 65},
        {"result": "-0x1"},
        {"result": "0x\uff15"},
    ],
)
def test_only_a_quantity_is_a_quantity(answer: Any) -> None:
    node, scripted = client(answer)
    with pytest.raises(NodeAnswerInvalid):
        node.block_number()
    assert scripted.asked == 1, "a lying node is not asked again"


def test_another_chain_is_refused(chain: FakeChain) -> None:
    node = NodeClient("http://fake", chain_id=1, transport=chain)
    with pytest.raises(NodeWrongChain) as caught:
        node.chain_id()
    assert caught.value.values == {"expected": 1, "found": 31_337}


def test_a_node_that_changes_its_chain_is_noticed(chain: FakeChain) -> None:
    node = NodeClient("http://fake", transport=chain)
    assert node.chain_id() == 31_337
    chain.after["eth_chainId"] = lambda _params, _answer: {"result": "0x1"}
    with pytest.raises(NodeWrongChain):
        node.check()


def block(**changes: Any) -> dict[str, Any]:
    body = {"number": "0x5", "hash": HASH, "parentHash": HASH, "timestamp": "0x1", "baseFeePerGas": "0x1"}
    return {"result": {**body, **changes}}


@pytest.mark.parametrize(
    "answer",
    [
        block(number="0x6"),
        block(hash=HASH[:-2]),
        block(hash=None),
        block(parentHash="x"),
        block(timestamp=1),
        block(number=None),
        block(logsBloom="0xf"),
        {"result": [1]},
    ],
)
def test_only_the_block_asked_for_is_taken(answer: Any) -> None:
    node, _ = client(answer)
    with pytest.raises(NodeAnswerInvalid):
        node.block(5)


def test_blocks_must_be_linked(chain: FakeChain, node: NodeClient) -> None:
    for _ in range(5):
        chain.mine()
    assert [header.number for header in node.blocks(1, 5)] == [1, 2, 3, 4, 5]
    chain.after["eth_getBlockByNumber"] = lambda params, answer: (
        {"result": {**answer["result"], "parentHash": HASH}} if params[0] == "0x3" else answer
    )
    with pytest.raises(NodeAnswerInvalid):
        node.blocks(1, 5)
    assert [header.number for header in node.blocks(3, 5)] == [3, 4, 5]


def log(**changes: Any) -> dict[str, Any]:
    body = {
        "address": ESCROW,
        "topics": [HASH],
        "data": "0x",
        "blockNumber": "0x5",
        "blockHash": HASH,
        "transactionHash": HASH,
        "logIndex": "0x0",
    }
    return {"result": [{**body, **changes}]}


@pytest.mark.parametrize(
    "answer",
    [
        log(address="0x" + "00" * 20),
        log(blockNumber="0x9"),
        log(blockNumber=None),
        log(topics=[HASH] * 5),
        log(topics="x"),
        log(data="0x1"),
        log(removed=True),
        {"result": {}},
    ],
)
def test_only_the_logs_asked_for_are_taken(answer: Any) -> None:
    node, _ = client(answer)
    with pytest.raises(NodeAnswerInvalid):
        node.logs(ESCROW, 4, 6)


def test_logs_are_ordered() -> None:
    first, second = log()["result"][0], log(blockNumber="0x4", logIndex="0x7")["result"][0]
    node, _ = client({"result": [first, second]})
    assert [(found.block_number, found.index) for found in node.logs(ESCROW, 4, 6)] == [(4, 7), (5, 0)]


def test_a_receipt_must_be_the_one_asked_for(chain: FakeChain, node: NodeClient) -> None:
    sent = sign(Unsigned(31_337, 0, ESCROW, 0, b"", 21_000, Fees(10**10, 1)), LocalSigner(b"\1" * 32))
    assert node.send_raw(sent.raw) == sent.hash
    assert node.receipt(sent.hash) is not None
    chain.after["eth_getTransactionReceipt"] = lambda _params, answer: {
        "result": {**answer["result"], "transactionHash": HASH}
    }
    with pytest.raises(NodeAnswerInvalid):
        node.receipt(sent.hash)
    with pytest.raises(NodeAnswerInvalid):
        node.receipts([sent.hash])


def test_a_node_that_acknowledges_another_transaction_lies(chain: FakeChain, node: NodeClient) -> None:
    chain.after["eth_sendRawTransaction"] = lambda _params, _answer: {"result": HASH}
    sent = sign(Unsigned(31_337, 0, ESCROW, 0, b"", 21_000, Fees(10**10, 1)), LocalSigner(b"\1" * 32))
    with pytest.raises(NodeAnswerInvalid):
        node.send_raw(sent.raw)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("already known", TransactionKnown),
        ("transaction already imported", TransactionKnown),
        ("nonce too low: address 0x, tx: 1 state: 2", NonceTooLow),
        ("replacement transaction underpriced", TransactionUnderpriced),
        ("max fee per gas less than block base fee", TransactionUnderpriced),
        ("Insufficient funds for gas * price + value", SenderUnfunded),
        ("exceeds block gas limit", NodeRefused),
    ],
)
def test_refusals_of_transactions_are_told_apart(message: str, kind: type[NodeRefused]) -> None:
    node, _ = client({"error": {"code": -32000, "message": message}})
    with pytest.raises(NodeRefused) as caught:
        node.send_raw(b"\x02")
    assert type(caught.value) is kind
    assert caught.value.values["node_message"] == message


def test_a_limited_request_is_asked_again() -> None:
    node, _ = client({"error": {"code": -32005, "message": "limit exceeded"}}, {"result": "0x1"})
    assert node.block_number() == 1


@pytest.mark.parametrize(
    "error",
    [
        {"code": 3, "message": "execution reverted", "data": "0x" + PriceZero.selector.hex()},
        {"code": -32000, "message": "VM revert", "data": {"data": "0x" + PriceZero.selector.hex()}},
        {"code": -32015, "message": "VM execution error", "data": f"Reverted 0x{PriceZero.selector.hex()}"},
    ],
)
def test_a_revert_is_the_contracts_error_wherever_its_data_hides(error: dict[str, Any]) -> None:
    node, _ = client({"error": error})
    with pytest.raises(PriceZero):
        node.estimate(ESCROW, b"", sender=ESCROW)


def test_a_revert_without_data_is_a_contract_error_too() -> None:
    node, _ = client({"error": {"code": -32000, "message": "execution reverted"}})
    with pytest.raises(ContractError):
        node.call(ESCROW, b"")


@pytest.mark.parametrize("error", ["text", [], {"message": {"nested": 1}}, {"code": "x"}])
def test_a_malformed_error_is_still_typed(error: Any) -> None:
    node, _ = client({"error": error})
    with pytest.raises((NodeAnswerInvalid, NodeRefused)):
        node.block_number()
