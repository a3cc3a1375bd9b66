"""The follower and the indexer on a chain in memory: reorganisations, laggards, lies, crashes, and two at
once.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from fake_chain import FakeChain, escrow_log
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.chain import answers
from parley.chain.closed_deals import closed_deal
from parley.chain.errors import NodeAnswerInvalid, NodeUnreachable
from parley.chain.escrow import EscrowContract, Status
from parley.chain.fold import ChainEvent, fold
from parley.chain.indexer import Indexer
from parley.chain.node import NodeClient
from parley.chain.projection import chain_events
from parley.reputation.models import Outcome
from parley.store import EventStore, StoreFull

BUYER, SELLER, TOKEN = ("0x" + digit * 40 for digit in "abc")
WORD = "0x" + "77" * 32


def deal_id(number: int) -> str:
    return f"0x{number:064x}"


def opened(number: int) -> Any:
    return escrow_log(
        "Opened",
        dealId=deal_id(number),
        buyer=BUYER,
        seller=SELLER,
        token=TOKEN,
        price=1000,
        locked=1100,
        transcriptRoot=WORD,
    )


def delivered(number: int) -> Any:
    return escrow_log("Delivered", dealId=deal_id(number), milestone=0, delivery=1, deliverable=WORD)


def settled(number: int) -> Any:
    return escrow_log(
        "Settled", dealId=deal_id(number), milestone=0, how=0, paid=1000, remaining=0, deliverable=WORD
    )


def credited(amount: int) -> Any:
    return escrow_log("Credited", token=TOKEN, party=SELLER, amount=amount)


@pytest.fixture
def indexer(store: EventStore, node: NodeClient, escrow: EscrowContract) -> Indexer:
    return Indexer(store, node, escrow)


def state(indexer: Indexer, deals: int) -> list[Any]:
    """Everything the indexer says, without where it was stored."""
    return [indexer.deal_view(deal_id(number)) for number in range(deals)] + [indexer.balances()]


def rebuilt(chain: FakeChain, folder: Path, name: str, deals: int) -> list[Any]:
    """What an indexer that starts from nothing says of the chain as it is now."""
    node = NodeClient("http://fake", transport=chain)
    with EventStore.open(f"sqlite:///{folder}/{name}.sqlite") as store:
        fresh = Indexer(store, node, EscrowContract(node, FakeChain.ESCROW))
        fresh.catch_up()
        return state(fresh, deals)


def instant(number: int, to_balance: bool, from_balance: bool) -> Any:
    return escrow_log(
        "InstantSettled",
        dealId=deal_id(number),
        buyer=BUYER,
        seller=SELLER,
        token=TOKEN,
        price=1000,
        nonce=number,
        transcriptRoot=WORD,
        toBalance=to_balance,
        fromBalance=from_balance,
    )


def test_an_instant_deal_is_whole_in_one_event(chain: FakeChain, indexer: Indexer, store: EventStore) -> None:
    chain.mine(credited(5), instant(0, True, False))
    chain.mine(instant(1, True, True), instant(2, False, False))
    indexer.catch_up()
    view = indexer.deal_view(deal_id(0))
    assert (view.status_word, view.price, view.to_seller, view.buyer) == ("settled", 1000, 1000, BUYER)
    assert view.opened_at == view.closed_at == 1_700_000_002
    assert view.word.status is Status.UNOPENED, "the chain keeps no word of it"
    assert store.deals.get(deal_id(2)).status == "settled"  # type: ignore[union-attr]
    assert indexer.balances() == {(TOKEN, SELLER): 2005, (TOKEN, BUYER): -1000}
    facts = closed_deal(view)
    assert facts is not None
    assert (facts.outcome, facts.opened_at) == (Outcome.SETTLED, facts.closed_at)


def test_a_reorganised_instant_deal_moves_nothing(chain: FakeChain, indexer: Indexer) -> None:
    chain.mine(instant(0, True, True))
    indexer.catch_up()
    chain.reorg(1)
    chain.mine()
    chain.mine()
    indexer.catch_up()
    assert set(indexer.balances().values()) <= {0}
    assert indexer.deal_view(deal_id(0)).status_word == "unopened"


def test_a_cancelled_instant_deal_has_no_word(chain: FakeChain, indexer: Indexer) -> None:
    log = escrow_log("InstantCancelled", dealId=deal_id(0), buyer=BUYER, seller=SELLER, party=SELLER, nonce=7)
    chain.mine(log)
    indexer.catch_up()
    view = indexer.deal_view(deal_id(0))
    assert (view.status_word, view.word.status) == ("cancelled", Status.UNOPENED)


def test_a_stranger_that_is_paid_for_an_exit_is_no_party(chain: FakeChain, indexer: Indexer) -> None:
    paid = escrow_log("CallerPaid", dealId=deal_id(0), caller=SELLER, fromSeller=7, fromBuyer=2)
    chain.mine(opened(0))
    chain.mine(paid, settled(0))
    indexer.catch_up()
    view = indexer.deal_view(deal_id(0))
    assert (view.to_seller, view.to_buyer, view.to_caller, view.returned) == (993, -2, 9, 100)


def test_events_become_state_and_rows(chain: FakeChain, indexer: Indexer, store: EventStore) -> None:
    chain.mine(opened(0), credited(5))
    chain.mine()
    chain.mine(delivered(0))
    progress = indexer.catch_up()
    assert (progress.cursor, progress.head, progress.applied) == (3, 3, 3)
    view = indexer.deal_view(deal_id(0))
    assert (view.status, view.opened_at, view.since) == (Status.DELIVERED, 1_700_000_002, 1_700_000_006)
    row = store.deals.get(deal_id(0))
    assert row is not None
    assert (row.status, row.locked, row.price, row.parties) == (
        "delivered",
        1100,
        1000,
        (("buyer", BUYER), ("seller", SELLER)),
    )
    chain.mine(settled(0))
    indexer.catch_up()
    assert store.deals.get(deal_id(0)).status == "settled"  # type: ignore[union-attr]
    assert indexer.balances() == {(TOKEN, SELLER): 5}
    assert indexer.catch_up().applied == 0


def test_confirmations_hold_back_what_is_not_deep_enough(
    chain: FakeChain, store: EventStore, node: NodeClient, escrow: EscrowContract
) -> None:
    patient = Indexer(store, node, escrow, confirmations=2)
    chain.mine(opened(0))
    chain.mine()
    patient.catch_up()
    assert patient.deal_view(deal_id(0)).status is Status.UNOPENED
    chain.mine()
    patient.catch_up()
    assert patient.deal_view(deal_id(0)).status is Status.OPEN


def test_a_reorganisation_is_undone_and_said(chain: FakeChain, indexer: Indexer, store: EventStore) -> None:
    chain.mine(opened(0))
    chain.mine(delivered(0))
    chain.mine(credited(9))
    indexer.catch_up()
    chain.reorg(2)
    for _ in range(3):
        chain.mine()
    progress = indexer.catch_up()
    assert progress.undone == 2
    assert indexer.deal_view(deal_id(0)).status is Status.OPEN
    assert store.deals.get(deal_id(0)).status == "open"  # type: ignore[union-attr]
    assert indexer.balances() == {(TOKEN, SELLER): 0} or indexer.balances() == {}
    kinds = [event.kind for event in store.read(f"chain:{deal_id(0)}")]
    assert kinds == ["chain.Opened", "chain.Delivered", "chain.undone"]
    assert store.read(f"chain:{deal_id(0)}")[-1].data["event"] == "Delivered"
    assert store.verify_stream(f"chain:{deal_id(0)}") == 3


def test_a_deal_whose_opening_is_taken_back_waits_again(
    chain: FakeChain, indexer: Indexer, store: EventStore
) -> None:
    chain.mine(opened(0))
    indexer.catch_up()
    chain.reorg(1)
    chain.mine()
    indexer.catch_up()
    assert indexer.deal_view(deal_id(0)).status is Status.UNOPENED
    assert store.deals.get(deal_id(0)).status == "pending"  # type: ignore[union-attr]


def test_everything_is_undone_when_another_chain_takes_over(
    chain: FakeChain, indexer: Indexer, tmp_path: Path
) -> None:
    for number in range(4):
        chain.mine(opened(number))
    indexer.catch_up()
    chain.reorg(4)
    for number in (7, 8, 9, 10, 11):
        chain.mine(opened(number))
    indexer.catch_up()
    assert state(indexer, 12) == rebuilt(chain, tmp_path, "fresh", 12)
    assert indexer.deal_view(deal_id(0)).status is Status.UNOPENED


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("mine"), st.lists(st.integers(0, 8), max_size=3)),
        st.tuples(st.just("reorg"), st.integers(1, 6)),
        st.tuples(st.just("tick"), st.integers(1, 2)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database without rows, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "store.sqlite"
    EventStore.open(f"sqlite:///{path}").close()
    return path


def canonical(chain: FakeChain, escrow: EscrowContract, deals: int) -> list[Any]:
    """What the chain as it is now says, computed from its blocks without any indexer."""
    found: list[ChainEvent] = []
    for block in chain.blocks:
        logs = answers.logs(chain._logs(block))
        found += chain_events(escrow, answers.block(chain._header(block)), logs)
    return [
        fold(deal_id(number), [event for event in found if event.deal_id == deal_id(number)])
        for number in range(deals)
    ]


@settings(max_examples=40)
@given(STEPS)
def test_after_any_history_the_state_is_that_of_the_canonical_chain(
    empty_database: Path, steps: list[tuple[str, Any]]
) -> None:
    chain = FakeChain()
    node = NodeClient("http://fake", transport=chain)
    escrow = EscrowContract(node, FakeChain.ESCROW)
    makers = [opened, delivered, settled]
    with (
        tempfile.TemporaryDirectory() as folder,
        EventStore.open(f"sqlite:///{shutil.copy(empty_database, folder)}") as store,
    ):
        indexer = Indexer(store, node, escrow)
        for step, value in steps:
            if step == "mine":
                chain.mine(*(makers[choice // 3](choice % 3) for choice in value))
            elif step == "reorg":
                chain.reorg(min(value, len(chain.blocks) - 1))
                chain.mine()
            elif step == "restart":
                indexer = Indexer(store, node, escrow)
            else:
                for _ in range(value):
                    indexer.tick()
        # A fork counts once it is longer; then nothing of the old one may remain.
        while chain.blocks[-1].number <= (indexer.cursor().number if indexer.cursor() else 0):  # type: ignore[union-attr]
            chain.mine()
        indexer.catch_up()
        assert [indexer.deal_view(deal_id(number)) for number in range(3)] == canonical(chain, escrow, 3)
        for number in range(3):
            row = store.deals.get(deal_id(number))
            view = indexer.deal_view(deal_id(number))
            if row is not None and view.status is not Status.UNOPENED:
                assert (row.status, row.locked) == (view.status_word, view.locked)


def test_a_node_that_lags_behind_is_waited_for(chain: FakeChain, indexer: Indexer) -> None:
    for _ in range(3):
        chain.mine(opened(len(chain.blocks)))
    indexer.catch_up()
    chain.after["eth_blockNumber"] = lambda _params, _answer: {"result": "0x2"}
    progress = indexer.tick()
    assert (progress.undone, progress.head, progress.cursor) == (0, 2, 3)


def test_logs_that_a_node_leaves_out_of_a_range_are_asked_for(chain: FakeChain, indexer: Indexer) -> None:
    chain.mine(opened(0))
    chain.after["eth_getLogs"] = lambda params, answer: answer if "blockHash" in params[0] else {"result": []}
    indexer.catch_up()
    assert indexer.deal_view(deal_id(0)).status is Status.OPEN


@pytest.mark.parametrize("lie", ["hash of a log", "unlinked headers", "undecodable log"])
def test_answers_that_contradict_each_other_are_not_used(
    chain: FakeChain, indexer: Indexer, store: EventStore, lie: str
) -> None:
    chain.mine(opened(0))
    chain.mine()

    def logs(_params: Any, answer: Any) -> Any:
        change = {"blockHash": WORD} if lie == "hash of a log" else {"data": "0x00"}
        return {"result": [{**log, **change} for log in answer["result"]]}

    def header(params: Any, answer: Any) -> Any:
        return {"result": {**answer["result"], "parentHash": WORD}} if params[0] == "0x2" else answer

    if lie == "unlinked headers":
        chain.after["eth_getBlockByNumber"] = header
    else:
        chain.after["eth_getLogs"] = logs
    with pytest.raises(NodeAnswerInvalid):
        indexer.tick()
    assert store.last_position() == 0
    assert isinstance(indexer.last_error, NodeAnswerInvalid)
    chain.up()
    indexer.catch_up()
    assert indexer.deal_view(deal_id(0)).status is Status.OPEN
    assert indexer.last_error is None


def test_a_reorganisation_while_reading_is_read_again(chain: FakeChain, indexer: Indexer) -> None:
    chain.mine(opened(0))
    indexer.catch_up()
    chain.mine(delivered(0))
    original = chain.eth_getLogs
    done: list[int] = []

    def change_first(query: Any) -> Any:
        if not done:
            done.append(1)
            chain.reorg(1)
            chain.mine(settled(0))
        return original(query)

    chain.eth_getLogs = change_first  # type: ignore[method-assign]
    indexer.catch_up()
    assert indexer.deal_view(deal_id(0)).status_word == "settled"


def test_a_dead_node_loses_nothing(chain: FakeChain, indexer: Indexer) -> None:
    chain.mine(opened(0))
    indexer.catch_up()
    chain.mine(delivered(0))
    for method in ("eth_blockNumber", "eth_getBlockByNumber", "eth_getLogs"):
        chain.down(method)
        with pytest.raises(NodeUnreachable):
            indexer.tick()
        chain.up()
    indexer.catch_up()
    assert indexer.deal_view(deal_id(0)).status is Status.DELIVERED


def test_a_full_disk_loses_nothing(
    chain: FakeChain, indexer: Indexer, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.mine(opened(0))

    def full(_work: Any) -> Any:
        raise StoreFull("full")

    with monkeypatch.context() as patch:
        patch.setattr(store, "transact", full)
        with pytest.raises(StoreFull):
            indexer.tick()
    assert indexer.cursor() is None
    indexer.catch_up()
    assert indexer.deal_view(deal_id(0)).status is Status.OPEN


def test_two_indexers_on_one_store_write_each_event_once(
    chain: FakeChain,
    store: EventStore,
    node: NodeClient,
    escrow: EscrowContract,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, two = Indexer(store, node, escrow), Indexer(store, node, escrow)
    chain.mine(opened(0))
    # Both read the same cursor before either writes.
    tip, version = one._cursor()
    batch = two._next(tip)
    one.catch_up()
    monkeypatch.setattr(two, "_cursor", lambda: (tip, version))
    monkeypatch.setattr(two, "_next", lambda _tip: batch)
    monkeypatch.setattr(two, "cursor", one.cursor)
    assert two.tick().applied == 0, "the slower one finds that it was outrun"
    monkeypatch.undo()
    two.catch_up()
    chain.mine(delivered(0))
    two.catch_up()
    one.catch_up()
    assert [event.kind for event in store.read(f"chain:{deal_id(0)}")] == ["chain.Opened", "chain.Delivered"]


def test_a_long_way_behind_only_blocks_with_logs_are_read(chain: FakeChain, indexer: Indexer) -> None:
    chain.mine(opened(0))
    for _ in range(700):
        chain.mine()
    chain.mine(delivered(0))
    indexer.tick()
    far = chain.asked.count("eth_getBlockByNumber")
    assert far < 10
    indexer.catch_up()
    assert indexer.deal_view(deal_id(0)).status is Status.DELIVERED
    chain.reorg(5)
    for _ in range(6):
        chain.mine()
    indexer.catch_up()
    assert indexer.deal_view(deal_id(0)).status is Status.OPEN


def test_the_last_epoch_is_known(chain: FakeChain, indexer: Indexer) -> None:
    for epoch in (1, 4):
        chain.mine(escrow_log("EpochAdvanced", party=BUYER, epoch=epoch))
    indexer.catch_up()
    assert (indexer.epoch(BUYER), indexer.epoch(SELLER)) == (4, 0)
