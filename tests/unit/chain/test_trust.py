"""What the indexer believes: how deep, of which node, and whether it has everything."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from fake_chain import FakeChain, escrow_log

from parley.chain.certainty import Certainty
from parley.chain.errors import CertaintyInvalid, NodesDisagree
from parley.chain.escrow import EscrowContract, Status
from parley.chain.indexer import Indexer
from parley.chain.node import NodeClient
from parley.chain.witnesses import Witnesses
from parley.store import EventStore, schema

BUYER, SELLER, TOKEN = ("0x" + digit * 40 for digit in "abc")
WORD = "0x" + "77" * 32


def deal_id(number: int) -> str:
    return f"0x{number:064x}"


def opened(number: int, price: int = 1000) -> Any:
    return escrow_log(
        "Opened",
        dealId=deal_id(number),
        buyer=BUYER,
        seller=SELLER,
        token=TOKEN,
        price=price,
        locked=price,
        transcriptRoot=WORD,
    )


def delivered(number: int) -> Any:
    return escrow_log("Delivered", dealId=deal_id(number), milestone=0, delivery=1, deliverable=WORD)


def make(store: EventStore, *chains: FakeChain, **options: Any) -> Indexer:
    nodes = [
        NodeClient(f"http://node{place}", transport=chain, attempts=1) for place, chain in enumerate(chains)
    ]
    witnesses = Witnesses(nodes[0], nodes[1:], options.pop("quorum", 1))
    return Indexer(
        store, nodes[0], EscrowContract(nodes[0], FakeChain.ESCROW), witnesses=witnesses, **options
    )


def status(indexer: Indexer, number: int) -> Status:
    return indexer.deal_view(deal_id(number)).status


# ------------------------------------------------------------------------ depth


def test_the_dearer_a_deal_the_deeper_it_must_lie(chain: FakeChain, store: EventStore) -> None:
    indexer = make(store, chain, certainty=Certainty.of(f"5000:2, {TOKEN}/1000000:4"))
    chain.mine(opened(1, 4_999), opened(2, 5_000), opened(3, 1_000_000))
    seen = []
    for _ in range(5):
        indexer.catch_up()
        seen.append([indexer.sure_view(deal_id(n))[0].status is Status.OPEN for n in (1, 2, 3)])
        chain.mine()
    assert seen == [
        [True, False, False],
        [True, False, False],
        [True, True, False],
        [True, True, False],
        [True, True, True],
    ]


def test_what_is_not_deep_enough_is_shown_apart(chain: FakeChain, store: EventStore) -> None:
    indexer = make(store, chain, certainty=Certainty.of("1:1"))
    chain.mine(opened(1))
    chain.mine(delivered(1))
    indexer.catch_up()
    sure, unsure = indexer.sure_view(deal_id(1))
    assert (sure.status, [event.name for event in unsure]) == (Status.OPEN, ["Delivered"])
    assert status(indexer, 1) is Status.DELIVERED


@pytest.mark.parametrize("text", ["x", "5", "5:", ":5", "-1:2", "0xAB/5:2", "5:2;6:3", "1" * 40 + ":1"])
def test_thresholds_that_do_not_read(text: str) -> None:
    with pytest.raises(CertaintyInvalid):
        Certainty.of(text)


# ------------------------------------------------------------------------ whom


def twins(count: int) -> list[FakeChain]:
    """Chains that are the same as long as they are mined alike."""
    return [FakeChain() for _ in range(count)]


def both(chains: list[FakeChain], *logs: Any) -> None:
    for chain in chains:
        chain.mine(*logs)


def fork(chain: FakeChain, *logs: Any) -> None:
    chain.salt += 1
    chain.mine(*logs)


def test_two_nodes_that_disagree_stop_the_indexer_where_they_agreed(store: EventStore) -> None:
    chains = twins(2)
    both(chains, opened(1))
    indexer = make(store, *chains)
    indexer.catch_up()
    fork(chains[0], opened(2))
    chains[1].mine(opened(3))
    for _ in range(3):
        with pytest.raises(NodesDisagree) as caught:
            indexer.tick()
    assert [said["node"] for said in caught.value.values["said"]] == ["http://node0", "http://node1"]
    assert (status(indexer, 1), status(indexer, 2)) == (Status.OPEN, Status.UNOPENED)
    assert [event.kind for event in store.read("relayer")] == ["indexer.disagreement"], "said once"
    chains[0].reorg(1)
    chains[0].salt = 0
    chains[0].mine(opened(3))
    indexer.catch_up()
    assert (status(indexer, 2), status(indexer, 3)) == (Status.UNOPENED, Status.OPEN)


def spoken(store: EventStore, indexer: Indexer) -> list[tuple[str, Any, Any]]:
    events = store.read(indexer.trust.stream)
    return [(event.kind.split(".")[1], event.data["believed"], event.data.get("agreed")) for event in events]


def test_while_nodes_disagree_what_they_agree_on_is_applied(store: EventStore) -> None:
    chains = twins(2)
    for number in range(1, 8):
        both(chains, opened(number))
    indexer = make(store, *chains)
    height = chains[0].blocks[-1].number
    fork(chains[0], opened(8))
    chains[0].mine(opened(9))
    chains[1].mine(opened(8))
    for _ in range(3):
        with pytest.raises(NodesDisagree):
            indexer.tick()
        assert [status(indexer, number) for number in range(1, 8)] == [Status.OPEN] * 7
        assert (status(indexer, 8), indexer.trust.agreed()) == (Status.UNOPENED, height)
    chains[0].blocks[:] = chains[1].blocks
    indexer.catch_up()
    assert (status(indexer, 8), indexer.trust.agreed()) == (Status.OPEN, None), "by itself, once they agree"
    assert spoken(store, indexer) == [
        ("disagreement", None, height),
        ("agreement", "http://node0", None),
    ]


def test_what_was_applied_before_they_disagreed_is_not_sure_while_they_do(
    store: EventStore, clock: Any
) -> None:
    chains = twins(2)
    both(chains, opened(1))
    both(chains, opened(2))
    indexer = make(store, *chains)
    indexer.catch_up()
    here = chains[1].blocks[-1]
    chains[1].reorg(1)
    fork(chains[1])
    clock.now += 5  # nothing new at the first node
    with pytest.raises(NodesDisagree):
        indexer.tick()
    for each in (indexer, make(store, *chains)):  # in another process too, which asked no node
        assert [each.sure_view(deal_id(n))[0].status for n in (1, 2)] == [Status.OPEN, Status.UNOPENED]
        assert [event.name for event in each.sure_view(deal_id(2))[1]] == ["Opened"]
    chains[1].blocks[-1] = here
    indexer.tick()
    assert indexer.sure_view(deal_id(2))[0].status is Status.OPEN


def test_a_node_that_lags_on_another_side_is_heard(store: EventStore) -> None:
    chains = twins(2)
    both(chains, opened(1))
    indexer = make(store, *chains)
    fork(chains[1], opened(2))
    for number in (2, 3, 4):
        chains[0].mine(opened(number))
    with pytest.raises(NodesDisagree):
        indexer.tick()
    assert [status(indexer, number) for number in (1, 2, 3)] == [
        Status.OPEN,
        Status.UNOPENED,
        Status.UNOPENED,
    ]
    chains[1].reorg(1)
    indexer.catch_up()
    assert status(indexer, 4) is Status.OPEN, "one that only lags counts for nothing"


def test_two_that_lag_together_are_believed_against_one_that_is_ahead(store: EventStore) -> None:
    chains = twins(3)
    both(chains, opened(1))
    indexer = make(store, *chains)
    for number in (7, 8, 9):
        fork(chains[0], opened(number))
    both(chains[1:], opened(2))
    indexer.tick()
    assert [status(indexer, number) for number in (1, 2, 7)] == [Status.OPEN, Status.OPEN, Status.UNOPENED]
    assert spoken(store, indexer) == [("disagreement", "http://node1", None)]
    assert indexer.trust.agreed() is None


def test_of_three_nodes_two_are_believed_against_the_first(store: EventStore) -> None:
    chains = twins(3)
    both(chains, opened(1))
    indexer = make(store, *chains, quorum=2)
    indexer.catch_up()
    fork(chains[0], opened(9))
    both(chains[1:], opened(2))
    indexer.catch_up()
    assert (status(indexer, 9), status(indexer, 2)) == (Status.UNOPENED, Status.OPEN)


def test_a_node_alone_undoes_nothing_that_the_others_still_see(store: EventStore) -> None:
    chains = twins(3)
    both(chains, opened(1))
    both(chains, opened(2))
    indexer = make(store, *chains)
    indexer.catch_up()
    chains[0].reorg(1)
    fork(chains[0])
    indexer.tick()
    assert status(indexer, 2) is Status.OPEN


def test_witnesses_that_are_away_count_only_where_a_quorum_is_asked_for(store: EventStore) -> None:
    chains = twins(2)
    chains[1].down()
    chains[0].mine(opened(1))
    make(store, *chains).catch_up()
    strict = make(store, *chains, quorum=2)
    chains[0].mine(opened(2))
    with pytest.raises(NodesDisagree):
        strict.tick()
    chains[1].up()
    both(chains[1:], opened(1))
    both(chains[1:], opened(2))
    strict.catch_up()
    assert status(strict, 2) is Status.OPEN


# -------------------------------------------------------------------- everything


def whole(indexer: Indexer, deals: int) -> list[Any]:
    return [indexer.deal_view(deal_id(number)) for number in range(deals)] + [indexer.balances()]


@pytest.mark.parametrize(
    "depth", [1, 2, 12, *(pytest.param(depth, marks=pytest.mark.deep) for depth in range(3, 12))]
)
def test_a_reorganisation_of_any_depth_leaves_what_a_new_index_would_have(
    chain: FakeChain, store: EventStore, tmp_path: Any, depth: int
) -> None:
    indexer = make(store, chain)
    for number in range(12):
        chain.mine(opened(number))
        indexer.tick()
    chain.reorg(depth)
    for number in range(12 - depth, 12):
        chain.mine(opened(number), delivered(number))
    indexer.catch_up()
    with EventStore.open(f"sqlite:///{tmp_path}/new.sqlite") as empty:
        rebuilt = make(empty, chain)
        rebuilt.catch_up()
        assert whole(indexer, 12) == whole(rebuilt, 12)


def test_logs_that_are_missing_are_noticed_and_read_again(
    chain: FakeChain, store: EventStore, clock: Any
) -> None:
    indexer = make(store, chain)
    for number in range(4):
        chain.mine(opened(number))
    indexer.catch_up()
    assert indexer.audit() is None
    blocks = schema.blocks
    forgotten = sa.update(blocks).where(blocks.c.number == 3).values(logs='{"events":[]}')
    store.transact(lambda transaction: transaction.execute(forgotten).rowcount)
    assert indexer.audit() is None, "not again so soon"
    clock.now += 60
    gap = indexer.audit()
    assert gap is not None
    assert (gap.number, gap.missing, gap.extra) == (3, 1, 0)
    indexer.catch_up()
    clock.now += 60
    assert indexer.audit() is None
    assert [status(indexer, number) for number in range(4)] == [Status.OPEN] * 4
    assert [event.kind for event in store.read("relayer")] == ["indexer.gap"]
