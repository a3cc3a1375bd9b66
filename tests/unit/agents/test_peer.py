"""Two agents that negotiate directly: the same messages, the same machine, no gateway."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from parley.agents.channel import DealOffer
from parley.agents.errors import GatewayProblem, GatewayUnreachable
from parley.agents.peer_channel import PeerChannel
from parley.agents.peer_host import PeerHost
from parley.agents.proof import ProofInvalid, prove, proven
from parley.agents.session import NegotiationSession
from parley.terms.message import Challenge

URL = "http://seller.local"


class Direct:
    """A seller that listens and a buyer that calls."""

    def __init__(self, world: Any, domain: Any) -> None:
        self.world, self.domain = world, domain
        self.seller_store = world.store("seller")
        self.seller = world.wallet("seller", self.seller_store)
        self.host = PeerHost(self.seller, URL, lambda domain, opening: True)
        self.http = TestClient(self.host.app)
        self.buyer = world.wallet("buyer")
        self.opening = world.opening(domain, self.buyer.address, self.seller.address, gateways=())

    def channel(self, wallet: Any = None, transport: httpx.BaseTransport | None = None) -> PeerChannel:
        return PeerChannel(
            URL,
            wallet or self.buyer,
            transport=transport or self.http._transport,
            sleep=lambda seconds: None,
            attempts=3,
        )

    def start(self, channel: PeerChannel | None = None) -> NegotiationSession:
        return NegotiationSession.start(self.domain, self.opening, self.buyer, channel or self.channel())


@pytest.fixture
def direct(world: Any, domain: Any) -> Direct:
    return Direct(world, domain)


def test_two_peers_agree_and_hold_the_same_transcript(direct: Direct) -> None:
    buyer = direct.start()
    theirs = direct.host.session(buyer.id)
    buyer.offer({"price": 3_000_000, "hours": 50})
    theirs.offer({"price": 6_000_000, "hours": 50})
    buyer.sync()
    buyer.accept()
    assert (buyer.status, theirs.status) == ("ACCEPTED", "ACCEPTED")
    assert buyer.state.hash() == theirs.state.hash()
    assert direct.buyer.journal.hashes(buyer.id) == direct.seller.journal.hashes(buyer.id)
    ours = direct.buyer.derive_deal(buyer.machine, buyer.state, 0, None)
    assert ours == direct.seller.derive_deal(theirs.machine, theirs.state, 0, None)


def test_the_halves_of_the_deal_change_hands(direct: Direct) -> None:
    buyer = direct.start()
    theirs = direct.host.session(buyer.id)
    buyer.offer({"price": 3_000_000, "hours": 50})
    theirs.accept()
    buyer.sync()
    signed = direct.seller.sign_deal(theirs.machine, theirs.state, 0, None, fund=True)
    direct.host.publish(buyer.id, DealOffer(0, signed.deal.open_by, signed.signature, signed.authorization))
    channel = direct.channel()
    offered = channel.seller_signed(buyer.id)[0]
    mine = direct.buyer.sign_deal(buyer.machine, buyer.state, 0, offered.open_by, fund=True)
    assert mine.deal_id == signed.deal_id
    channel.hand_in(buyer.id, DealOffer(0, offered.open_by, mine.signature, mine.authorization))
    answer = direct.host.answer(buyer.id, 0)
    assert answer is not None
    assert answer.signature == mine.signature


def test_a_partition_in_the_middle_of_an_acceptance_heals(direct: Direct) -> None:
    buyer = direct.start()
    theirs = direct.host.session(buyer.id)
    buyer.offer({"price": 3_000_000, "hours": 50})
    theirs.offer({"price": 6_000_000, "hours": 50})
    buyer.sync()
    inner = direct.http._transport
    cut = {"before": False, "after": True}

    class Partition(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if cut["before"]:
                raise httpx.ConnectError("no route")
            answer = inner.handle_request(request)
            if cut["after"]:
                raise httpx.ReadError("the line went dead")
            return answer

    buyer.channel._http._transport = Partition()  # type: ignore[attr-defined]
    with pytest.raises(GatewayUnreachable):
        buyer.accept()
    assert (buyer.status, theirs.status) == ("COUNTER", "ACCEPTED")
    cut["before"], cut["after"] = True, False
    with pytest.raises(GatewayUnreachable):
        buyer.sync()
    cut["before"] = False
    buyer.sync()
    assert buyer.status == "ACCEPTED"
    assert buyer.state.hash() == theirs.state.hash()


def test_a_restarted_host_knows_its_negotiations(direct: Direct) -> None:
    buyer = direct.start()
    buyer.offer({"price": 3_000_000, "hours": 50})
    again = PeerHost(direct.world.wallet("seller", direct.seller_store), URL, lambda domain, opening: True)
    assert again.session(buyer.id).state.hash() == buyer.state.hash()


def test_strangers_see_and_say_nothing(direct: Direct) -> None:
    buyer = direct.start()
    stranger = direct.channel(direct.world.wallet("stranger"))
    for ask in (lambda: stranger.fetch(buyer.id, -1), lambda: stranger.seller_signed(buyer.id)):
        with pytest.raises(GatewayProblem) as refused:
            ask()
        assert refused.value.http_status == 404
    assert direct.http.get(f"/v1/negotiations/{buyer.id}/messages").status_code == 401


def test_an_unwilling_host_declines(direct: Direct) -> None:
    direct.host._willing = lambda domain, opening: False
    with pytest.raises(GatewayProblem) as refused:
        direct.start()
    assert refused.value.problem == "agent.declined"
    assert direct.host.sessions() == []


def test_another_escrow_or_a_future_time_is_declined(direct: Direct) -> None:
    for change in ({"escrow": "0x" + "aa" * 20}, {"chain_id": 5}):
        opening = direct.world.opening(
            direct.domain, direct.buyer.address, direct.seller.address, number=9, gateways=(), **change
        )
        assert not direct.host._takes_part(direct.domain, opening)
    direct.world.clock.now += 500
    ahead = direct.world.opening(
        direct.domain, direct.buyer.address, direct.seller.address, number=8, gateways=()
    )
    direct.opening = ahead
    channel = direct.channel()
    direct.world.clock.now += 500
    session = None
    wallet = direct.buyer
    direct.seller.clock = lambda: ahead.opened_at - 61
    with pytest.raises(GatewayProblem) as refused:
        session = NegotiationSession.start(direct.domain, ahead, wallet, channel)
    assert session is None
    assert refused.value.problem == "agent.clock-ahead"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'{"domain": 1.5}',
        b'{"a":1,"a":2}',
        b"[" * 80 + b"]" * 80,
        b'"' + b"x" * 300_000 + b'"',
    ],
)
def test_malformed_bodies_get_a_problem(direct: Direct, raw: bytes) -> None:
    for path in ("/v1/negotiations", "/v1/negotiations/0x00/messages"):
        answer = direct.http.post(path, content=raw)
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"] == "application/problem+json"


def test_proofs_bind_agent_host_and_time(world: Any) -> None:
    wallet = world.wallet("buyer")
    header = wallet.prove(URL)
    now = world.clock.now
    assert proven(header, URL, 31_337, now) == wallet.address
    for audience, chain, at in (("http://elsewhere", 31_337, now), (URL, 1, now), (URL, 31_337, now + 500)):
        with pytest.raises(ProofInvalid):
            proven(header, audience, chain, at)
    for bad in (None, "", "Bearer x", "Parley !!!", "Parley e30=", "Parley " + "A" * 5_000):
        with pytest.raises(ProofInvalid):
            proven(bad, URL, 31_337, now)


def test_a_proof_by_another_key_is_refused(world: Any, make_signer: Any) -> None:
    victim, thief = world.wallet("buyer"), make_signer("thief")

    def forged(challenge: Challenge) -> Any:
        return thief.sign_digest(challenge.digest(31_337))

    header = prove(forged, victim.address, URL, world.clock.now)
    with pytest.raises(ProofInvalid):
        proven(header, URL, 31_337, world.clock.now)
