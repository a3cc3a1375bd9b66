"""Two agents with no gateway at all: they talk directly, and settle at the escrow themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from parley.agents.channel import DealOffer
from parley.agents.direct import DirectSettlement
from parley.agents.journal import Journal
from parley.agents.peer_channel import PeerChannel
from parley.agents.peer_host import PeerHost
from parley.agents.session import NegotiationSession
from parley.agents.signing import check_seller
from parley.agents.wallet import TokenName, Wallet
from parley.chain.anvil import LocalAnvil
from parley.chain.deploy import deploy_local, mint
from parley.chain.reader import OnChainReader
from parley.evidence.bundle import DealSignatures, export_bundle
from parley.evidence.verify import verify_bundle
from parley.gateway.serve import listen
from parley.sandbox.local import TOKEN_NAME, TOKEN_VERSION, UNIT, key_of
from parley.store import EventStore
from parley.terms.actions import Delivery, Receipt
from parley.terms.opening import Opening, Party
from parley.terms.signing import LocalSigner
from parley.terms.values import Hash32, keccak


class Side:
    """One agent: its own store, wallet, node connection and gas account."""

    def __init__(self, name: str, folder: Path, anvil: LocalAnvil, deployment: Any, gas: int) -> None:
        self.store = EventStore.open(f"sqlite:///{folder / name}.sqlite")
        self.signer = LocalSigner(key_of(name))
        self.wallet = Wallet(
            self.signer,
            Journal(self.store),
            chain_id=deployment.chain_id,
            escrow=deployment.escrow,
            clock=lambda: int(time.time()),
            tokens={deployment.token: TokenName(TOKEN_NAME, TOKEN_VERSION)},
        )
        self.settlement = DirectSettlement(
            self.store,
            anvil.node(),
            deployment.escrow,
            anvil.signer(gas),
            start_block=deployment.block,
            nudge=anvil.nudge,
        )


@pytest.fixture
def anvil() -> Iterator[LocalAnvil]:
    with LocalAnvil() as found:
        yield found


@pytest.fixture
def serve() -> Iterator[Any]:
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Any, listener: Any) -> None:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running.append((server, thread))
        while not server.started and thread.is_alive():
            time.sleep(0.01)

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)


def test_two_peers_settle_without_any_gateway(
    anvil: LocalAnvil, serve: Any, tmp_path: Path, make_lease: Any
) -> None:
    node = anvil.node()
    deployment = deploy_local(node, anvil.signer(0))
    domain = make_lease(deployment.token)
    buyer, seller = (
        Side("buyer", tmp_path, anvil, deployment, 1),
        Side("seller", tmp_path, anvil, deployment, 2),
    )
    mint(node, anvil.signer(0), deployment.token, [buyer.wallet.address, seller.wallet.address], 20 * UNIT)

    listener = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    host = PeerHost(seller.wallet, url, lambda domain, opening: True)
    serve(host.app, listener)

    now = int(time.time())
    opening = Opening(
        domain=domain.hash(),
        parties=(
            Party(role="buyer", address=buyer.wallet.address, epoch=0),
            Party(role="seller", address=seller.wallet.address, epoch=0),
        ),
        first="buyer",
        initiator=buyer.wallet.address,
        opened_at=now,
        deadline=now + domain.limits.deadline_seconds,
        chain_id=deployment.chain_id,
        escrow=deployment.escrow,
        gateways=(),
        reviewers=(),
        nonce=Hash32.of(keccak(b"peer to peer")),
    )
    channel = PeerChannel(url, buyer.wallet)
    ours = NegotiationSession.start(domain, opening, buyer.wallet, channel)
    ours.offer({"price": 4_000_000, "hours": 50})
    with host.lock:
        theirs = host.session(ours.id)
        theirs.offer({"price": 6_000_000, "hours": 50})
    ours.sync()
    ours.accept()
    assert ours.state.hash() == theirs.state.hash()

    # The seller signs first; the buyer checks, signs, funds and opens by itself.
    sold = seller.wallet.sign_deal(theirs.machine, theirs.state, 0, None, fund=True)
    host.publish(ours.id, DealOffer(0, sold.deal.open_by, sold.signature, sold.authorization))
    half = channel.seller_signed(ours.id)[0]
    deal = buyer.wallet.derive_deal(ours.machine, ours.state, 0, half.open_by)
    deal_id = deal.deal_id(deployment.chain_id, deployment.escrow)
    check_seller(deal_id, deal.seller, half.signature)
    bought = buyer.wallet.sign_deal(ours.machine, ours.state, 0, half.open_by, fund=True)
    signatures = (bought.signature, half.signature, bought.authorization, half.authorization)
    buyer.settlement.submit(deal, *signatures, negotiation=ours.id)
    assert buyer.settlement.wait_for(deal_id, "open").deal_id == deal_id
    channel.hand_in(ours.id, DealOffer(0, half.open_by, bought.signature, bought.authorization))

    # The seller holds both halves too, finds the deal open, and delivers; opening it again changes nothing.
    answer = host.answer(ours.id, 0)
    assert answer is not None
    seller.settlement.submit(
        sold.deal, answer.signature, sold.signature, answer.authorization, sold.authorization
    )
    seller.settlement.wait_for(deal_id, "open")
    until = now + 3_600
    deliverable = Hash32.of(keccak(b"the keys to the machines"))
    delivery = Delivery(
        deal_id=deal_id, milestone=0, delivery=1, deliverable=deliverable, fee=0, valid_until=until
    )
    seller.settlement.act(seller.wallet, deal_id, delivery)
    view = buyer.settlement.wait_for(deal_id, "delivered")
    receipt = Receipt(
        deal_id=deal_id,
        milestone=0,
        deliverable=Hash32(view.chain.deliverable or ""),
        fee=0,
        valid_until=until,
    )
    buyer.settlement.act(buyer.wallet, deal_id, receipt)
    assert seller.settlement.wait_for(deal_id, "settled").chain.to_seller == 6_000_000

    # And a stranger verifies the buyer's own transcript against the chain.
    document = export_bundle(
        domain,
        opening,
        buyer.wallet.journal.transcript(ours.id),
        deals=[DealSignatures(deal, *signatures)],  # type: ignore[arg-type]
        transactions=[Hash32(event.transaction) for event in view.chain.events],
    )
    report = verify_bundle(document, OnChainReader(node, deployment.escrow, start_block=deployment.block))
    assert report.ok, [check for check in report.checks if not check.ok]
    for side in (buyer, seller):
        side.settlement.close()
        side.store.close()
