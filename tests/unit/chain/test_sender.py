"""The sender on a chain in memory: each intent happens once, whatever the node, the chain and the process
do.
"""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from fake_chain import FakeChain
from sending import SIGNER, call, done_on, make

from parley.chain.errors import (
    FeeCapReached,
    IntentMismatch,
    NodeAnswerInvalid,
    NodeUnreachable,
    SenderUnfunded,
)
from parley.chain.escrow_errors import TooEarly
from parley.chain.intents import IntentStatus
from parley.chain.models import Fees
from parley.chain.node import NodeClient
from parley.chain.sender import Sender
from parley.chain.transactions import Unsigned, sign
from parley.store import EventInvalid, EventStore


@pytest.fixture
def sender(store: EventStore, node: NodeClient) -> Sender:
    return make(store, node)


def settle(sender: Sender, ticks: int = 8) -> None:
    for _ in range(ticks):
        sender.tick()


def status(sender: Sender, key: str) -> IntentStatus:
    intent = sender.get(key)
    assert intent is not None
    return intent.status


def test_intents_are_sent_in_order_and_confirmed(chain: FakeChain, sender: Sender) -> None:
    for number in range(5):
        sender.submit(f"do:{number}", call(number))
    first = sender.tick()
    assert (first.signed, first.broadcast) == (5, 5)
    assert sender.tick().mined == 5
    assert done_on(chain) == [0, 1, 2, 3, 4]
    found = sender.get("do:3")
    assert found is not None
    assert (found.status, found.nonce, found.block_number) == (IntentStatus.CONFIRMED, 3, 4)
    assert sender.tick() == type(first)()


def test_the_same_intent_is_one_intent(chain: FakeChain, sender: Sender) -> None:
    first = sender.submit("do:1", call(1))
    settle(sender)
    assert sender.submit("do:1", call(1)).id == first.id
    settle(sender)
    assert done_on(chain) == [1]
    with pytest.raises(IntentMismatch):
        sender.submit("do:1", call(2))
    with pytest.raises(EventInvalid):
        sender.submit("", call(2))


def test_confirmations_are_waited_for(chain: FakeChain, store: EventStore, node: NodeClient) -> None:
    sender = make(store, node, confirmations=2)
    sender.submit("do:1", call(1))
    settle(sender, 3)
    assert status(sender, "do:1") is IntentStatus.MINED
    chain.mine()
    chain.mine()
    sender.tick()
    assert status(sender, "do:1") is IntentStatus.CONFIRMED


def test_signed_bytes_are_stored_before_the_node_hears_of_them(chain: FakeChain, sender: Sender) -> None:
    sender.submit("do:1", call(1))
    chain.down("eth_sendRawTransaction")
    with pytest.raises(NodeUnreachable):
        sender.tick()
    intent = sender.get("do:1")
    assert intent is not None
    assert (intent.status, intent.nonce) == (IntentStatus.SIGNED, 0)
    stored = sender.intents.sent([intent])[intent.id]
    chain.up()
    settle(sender)
    assert chain.accepted == [item.hash for item in stored], "the very same bytes were sent"


def test_an_answer_that_gets_lost_does_not_send_twice(chain: FakeChain, sender: Sender) -> None:
    def lose(_params: Any, _answer: Any) -> Any:
        raise NodeUnreachable("the answer was lost")

    sender.submit("do:1", call(1))
    chain.after["eth_sendRawTransaction"] = lose
    with pytest.raises(NodeUnreachable):
        sender.tick()
    chain.up()
    settle(sender)
    assert done_on(chain) == [1]
    assert status(sender, "do:1") is IntentStatus.CONFIRMED


@pytest.mark.parametrize("automine", [True, False])
def test_a_restart_at_any_question_sends_once(
    chain: FakeChain, store: EventStore, node: NodeClient, automine: bool
) -> None:
    """The process dies at the n-th question to the node, for every n; a new one takes over."""
    chain.automine = automine
    for n in range(36):
        sender = make(store, node)
        sender.submit(f"do:{n}", call(n))
        left = n % 12

        def die(_params: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise NodeUnreachable("killed")
            return None

        for name in [name for name in dir(chain) if name.startswith("eth_")]:
            chain.before[name] = die
        with contextlib.suppress(NodeUnreachable):
            settle(sender, 3)
        chain.up()
    chain.automine = True
    last = make(store, node)
    chain.mine()
    settle(last, 12)
    assert sorted(done_on(chain)) == list(range(36))
    assert {status(last, f"do:{n}") for n in range(36)} == {IntentStatus.CONFIRMED}


def test_a_call_that_would_revert_is_not_sent(chain: FakeChain, sender: Sender) -> None:
    revert = {
        "error": {
            "code": 3,
            "message": "execution reverted",
            "data": "0x" + TooEarly.selector.hex() + "00" * 63 + "05" + "00" * 32,
        }
    }
    chain.before["eth_estimateGas"] = lambda params: revert if params[0]["data"].endswith("01") else None
    for number in range(3):
        sender.submit(f"do:{number}", call(number))
    settle(sender)
    assert done_on(chain) == [0, 2], "what comes after it is not held up"
    failed = sender.get("do:1")
    assert failed is not None
    assert (failed.status, failed.error["code"]) == (IntentStatus.FAILED, "contract.too-early")  # type: ignore[index]
    assert [intent.key for intent in sender.intents.unreported()] == ["do:1"]
    chain.up()
    assert sender.retry("do:1")
    settle(sender)
    assert done_on(chain) == [0, 2, 1]
    assert not sender.retry("do:1"), "what is confirmed is not sent again"


def test_a_mined_revert_is_known_with_its_reason(chain: FakeChain, sender: Sender) -> None:
    chain.reverting.add("0x00000001")
    chain.before["eth_call"] = lambda _params: {
        "error": {
            "code": 3,
            "message": "execution reverted",
            "data": "0x" + TooEarly.selector.hex() + "00" * 64,
        }
    }
    sender.submit("do:1", call(1))
    settle(sender)
    found = sender.get("do:1")
    assert found is not None
    assert (found.status, found.error["code"]) == (IntentStatus.REVERTED, "contract.too-early")  # type: ignore[index]


def test_an_effect_that_the_chain_has_already_is_not_sent(chain: FakeChain, sender: Sender) -> None:
    sender.watch(guard=lambda intent: intent.key != "do:1")
    sender.submit("do:1", call(1))
    sender.submit("do:2", call(2))
    settle(sender)
    assert done_on(chain) == [2]
    assert status(sender, "do:1") is IntentStatus.DONE


@pytest.mark.parametrize("keep", [True, False])
def test_what_a_reorganisation_takes_back_is_sent_again(chain: FakeChain, sender: Sender, keep: bool) -> None:
    for number in range(6):
        sender.submit(f"do:{number}", call(number))
    settle(sender)
    chain.reorg(4, keep=keep)
    assert done_on(chain) == [0, 1]
    assert sender.tick().revived == 4
    chain.mine()
    settle(sender)
    assert done_on(chain) == list(range(6))
    assert {status(sender, f"do:{number}") for number in range(6)} == {IntentStatus.CONFIRMED}


def test_a_nonce_that_someone_else_used_is_replaced(
    chain: FakeChain, sender: Sender, node: NodeClient
) -> None:
    sender.submit("do:1", call(1))
    chain.down("eth_sendRawTransaction")
    with pytest.raises(NodeUnreachable):
        sender.tick()
    chain.up()
    foreign = sign(Unsigned(31_337, 0, "0x" + "0f" * 20, 0, b"", 21_000, Fees(10**12, 10**9)), SIGNER)
    node.send_raw(foreign.raw)
    settle(sender)
    assert done_on(chain) == [1]
    found = sender.get("do:1")
    assert found is not None
    assert (found.status, found.nonce) == (IntentStatus.CONFIRMED, 1)


def test_a_late_receipt_is_waited_for(chain: FakeChain, sender: Sender) -> None:
    sender.submit("do:1", call(1))
    chain.before["eth_getTransactionReceipt"] = lambda _params: {"result": None}
    sender.tick()
    sender.tick()
    chain.up()
    settle(sender)
    assert done_on(chain) == [1]
    assert status(sender, "do:1") is IntentStatus.CONFIRMED


def test_a_gap_is_filled(chain: FakeChain, sender: Sender, store: EventStore) -> None:
    """A transaction below ours vanished for good: what follows it would wait for ever."""
    chain.automine = False
    for number in range(3):
        sender.submit(f"do:{number}", call(number))
    sender.tick()
    lost = sender.get("do:1")
    assert lost is not None
    chain.pool = [transaction for transaction in chain.pool if transaction.nonce != 1]
    store.transact(lambda t: sender.intents.mark(t, lost, IntentStatus.DONE, nonce=None))
    chain.automine = True
    chain.mine()
    assert done_on(chain) == [0]
    settle(sender)
    chain.mine()
    settle(sender)
    assert done_on(chain) == [0, 2]
    assert status(sender, "do:2") is IntentStatus.CONFIRMED


def test_a_gap_takes_what_waits_first(chain: FakeChain, sender: Sender, store: EventStore) -> None:
    chain.automine = False
    for number in range(2):
        sender.submit(f"do:{number}", call(number))
    sender.tick()
    first = sender.get("do:0")
    assert first is not None
    chain.pool.clear()
    chain.known.clear()
    store.transact(lambda t: sender.intents.mark(t, first, IntentStatus.DONE, nonce=None))
    sender.submit("do:2", call(2))
    sender.tick()
    found = sender.get("do:2")
    assert found is not None
    assert found.nonce == 0


def stuck(chain: FakeChain, sender: Sender, clock: Any, *, base_fee: int) -> None:
    """A transaction that waits in the pool because the base fee rose, while blocks pass."""
    chain.automine = False
    sender.submit("do:1", call(1))
    sender.tick()
    chain.base_fee = base_fee
    chain.mine()
    chain.mine()
    assert done_on(chain) == []
    clock.now += 31


def test_what_is_stuck_is_replaced_with_an_eighth_more(chain: FakeChain, sender: Sender, clock: Any) -> None:
    stuck(chain, sender, clock, base_fee=10**10)
    old = chain.pool[0]
    assert sender.tick().replaced == 1
    (new,) = chain.pool
    assert (new.nonce, new.data) == (old.nonce, old.data)
    assert 8 * new.max_fee >= 9 * old.max_fee
    assert 8 * new.priority_fee >= 9 * old.priority_fee
    chain.mine()
    settle(sender)
    assert done_on(chain) == [1]
    found = sender.get("do:1")
    assert found is not None
    assert (found.status, found.transaction) == (IntentStatus.CONFIRMED, new.hash)


def test_the_replaced_one_may_win(chain: FakeChain, sender: Sender, clock: Any) -> None:
    stuck(chain, sender, clock, base_fee=10**10)
    old = chain.pool[0]
    sender.tick()
    chain.pool.clear()
    chain.base_fee = 10**9
    chain.mine(transactions=[old])
    settle(sender)
    assert done_on(chain) == [1]
    found = sender.get("do:1")
    assert found is not None
    assert (found.status, found.transaction) == (IntentStatus.CONFIRMED, old.hash)


def test_without_blocks_a_local_chain_is_nudged_and_nothing_replaced(
    chain: FakeChain, store: EventStore, node: NodeClient, clock: Any
) -> None:
    nudged: list[int] = []

    def nudge() -> None:
        nudged.append(1)
        chain.mine()

    sender = Sender(store, node, SIGNER, nudge=nudge)
    chain.automine = False
    sender.submit("do:1", call(1))
    sender.tick()
    sender.tick()
    assert nudged == []
    clock.now += 3
    assert sender.tick().replaced == 0
    settle(sender)
    assert nudged == [1]
    assert done_on(chain) == [1]


def test_without_blocks_and_nudge_it_waits(chain: FakeChain, sender: Sender, clock: Any) -> None:
    chain.automine = False
    sender.submit("do:1", call(1))
    sender.tick()
    clock.now += 100
    assert sender.tick().replaced == 0
    assert len(chain.pool) == 1


def test_a_replacement_never_passes_the_limit(
    chain: FakeChain, store: EventStore, node: NodeClient, clock: Any
) -> None:
    sender = make(store, node, max_fee=3 * 10**9)
    stuck(chain, sender, clock, base_fee=10**10)
    assert sender.tick().replaced == 0
    assert isinstance(sender.last_error, FeeCapReached)
    sender.submit("do:2", call(2))
    with pytest.raises(FeeCapReached):
        sender.tick()
    chain.base_fee = 10**9
    chain.automine = True
    chain.mine()
    settle(sender)
    assert done_on(chain) == [1, 2]


def test_what_the_node_lost_is_sent_again(chain: FakeChain, sender: Sender, clock: Any) -> None:
    chain.automine = False
    sender.submit("do:1", call(1))
    sender.tick()
    (lost,) = chain.pool
    chain.pool.clear()
    chain.known.clear()
    clock.now += 31
    sender.tick()
    assert [transaction.hash for transaction in chain.pool] == [lost.hash]


def test_an_account_without_money_waits(chain: FakeChain, sender: Sender) -> None:
    chain.before["eth_sendRawTransaction"] = lambda _params: {
        "error": {"code": -32000, "message": "insufficient funds for gas * price + value"}
    }
    sender.submit("do:1", call(1))
    sender.submit("do:2", call(2))
    sender.tick()
    assert isinstance(sender.last_error, SenderUnfunded)
    assert chain.asked.count("eth_sendRawTransaction") == 1
    chain.up()
    settle(sender)
    assert done_on(chain) == [1, 2]
    assert sender.last_error is None


def test_a_lying_acknowledgement_is_not_believed(chain: FakeChain, sender: Sender) -> None:
    chain.before["eth_sendRawTransaction"] = lambda _params: {"result": "0x" + "11" * 32}
    sender.submit("do:1", call(1))
    with pytest.raises(NodeAnswerInvalid):
        sender.tick()
    chain.up()
    settle(sender)
    assert done_on(chain) == [1]


def test_two_senders_of_one_account_on_one_store_do_not_collide(
    chain: FakeChain, store: EventStore, node: NodeClient
) -> None:
    one, two = make(store, node), make(store, node)
    for number in range(20):
        (one if number % 2 else two).submit(f"do:{number}", call(number))
        one.tick()
        two.tick()
    settle(one)
    settle(two)
    assert sorted(done_on(chain)) == list(range(20))
