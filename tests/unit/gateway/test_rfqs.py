"""Requests for quotes: they reach who can do what is asked, and nobody else learns anything."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.app import app_of
from parley.gateway.feed import Audiences
from parley.terms.domain import Domain
from parley.terms.errors import QuoteRequestInvalid
from parley.terms.message import Performative, build_message
from parley.terms.opening import Opening, Party
from parley.terms.payloads import Open
from parley.terms.quotes import QuoteAnswer, QuoteRequest, domain_of
from parley.terms.statement import state
from parley.terms.values import Address, Hash32, Salt

CHAIN = 31_337
ESCROW = Address("0x" + "e5" * 20)


def template(**changes: Any) -> Domain:
    body: dict[str, Any] = {
        "schema": "parley/domain",
        "version": 1,
        "title": "quotes",
        "issues": [{"name": "price", "type": "amount", "min": "0", "max": "1000", "step": "10"}],
        "fixed": {},
        "roles": ["requester", "bidder_1"],
        "protocol": "sealed-bid",
        "limits": {
            "max_rounds": 1,
            "deadline_seconds": 3_600,
            "min_concession_ppm": 0,
            "repeat_cap": 0,
            "max_queries": 1,
            "open_window_seconds": 600,
            "fallback": "abort",
        },
        "settlements": [],
        "data_class": "internal",
        "assumptions": [],
        "auction": {
            "requester": "requester",
            "side": "buy",
            "price": "price",
            "min_bids": 1,
            "commit_seconds": 600,
            "reveal_seconds": 600,
            "award_seconds": 600,
        },
    }
    return Domain.parse({**body, **changes})


def request_of(agent: Any, now: int, domain: Domain, **changes: Any) -> QuoteRequest:
    body: dict[str, Any] = {
        "requester": agent.address,
        "domain": domain.hash(),
        "capabilities": ("gpu-lease",),
        "min_bidders": 1,
        "max_bidders": 3,
        "issued_at": now,
        "answer_by": now + 600,
        "nonce": Hash32(f"0x{1:064x}"),
    }
    return QuoteRequest(**{**body, **changes})


def ask(agent: Any, asked: QuoteRequest, domain: Domain, signer: Any = None) -> Any:
    signed = state(signer or agent.signer, asked, CHAIN, asked.issued_at)
    return agent.post("/v1/rfqs", {"rfq": asked.as_json(), **signed.as_json(), "domain": domain.as_json()})


def say(agent: Any, rfq: str, now: int, *, interested: bool = True, signer: Any = None) -> Any:
    given = QuoteAnswer(rfq=Hash32(rfq), agent=agent.address, interested=interested, issued_at=now)
    signed = state(signer or agent.signer, given, CHAIN, now)
    return agent.post(f"/v1/rfqs/{rfq}/answers", {"answer": given.as_json(), **signed.as_json()})


class Market:
    """A requester, two that can do it, one that cannot."""

    def __init__(self, http: TestClient, kind: Any, clock: Any) -> None:
        self.clock = clock
        self.requester, self.north, self.south, self.other = (
            kind(name, http) for name in ("requester", "north", "south", "other")
        )
        for agent, able in (
            (self.north, ["gpu-lease", "eu"]),
            (self.south, ["gpu-lease"]),
            (self.other, ["storage"]),
            (self.requester, ["gpu-lease"]),
        ):
            agent.post("/v1/agents", {"name": "x", "capabilities": able})
        self.domain = template()
        self.asked = request_of(self.requester, clock(), self.domain)
        self.rfq = self.asked.hash()

    def post(self) -> Any:
        return ask(self.requester, self.asked, self.domain)

    def open(self, *bidders: Any, domain: Domain | None = None) -> str:
        found = domain or domain_of(self.domain, len(bidders))
        addresses = (self.requester.address, *(bidder.address for bidder in bidders))
        opening = Opening(
            domain=found.hash(),
            parties=tuple(
                Party(role=role, address=address, epoch=0)
                for role, address in zip(found.roles, addresses, strict=True)
            ),
            first="requester",
            initiator=self.requester.address,
            opened_at=self.clock(),
            deadline=self.clock() + 3_600,
            chain_id=CHAIN,
            escrow=ESCROW,
            gateways=(),
            reviewers=(),
            nonce=Hash32(f"0x{len(bidders):064x}"),
        )
        identity = opening.negotiation_id()
        message = build_message(
            self.requester.signer,
            CHAIN,
            identity,
            0,
            identity,
            Performative.OPEN,
            Open(salt=Salt("0x" + "01" * 16)),
            self.clock(),
        )
        answer = self.requester.post(
            "/v1/negotiations",
            {"domain": found.as_json(), "opening": opening.as_json(), "message": message.wire()},
        )
        assert answer.status_code == 201, answer.text
        return identity

    def tie(self, agent: Any, negotiation: str) -> Any:
        return agent.post(f"/v1/rfqs/{self.rfq}/opening", {"negotiation": negotiation})


@pytest.fixture
def market(http: TestClient, clock: Any, make_agent: Any) -> Market:
    return Market(http, make_agent, clock)


def test_a_request_reaches_who_can_do_it_and_leads_to_a_sealed_bid_negotiation(market: Market) -> None:
    posted = market.post()
    assert (posted.status_code, posted.json()["invited"]) == (201, 2)
    for agent in (market.north, market.south):
        [listed] = agent.get("/v1/rfqs").json()["rfqs"]
        assert listed["hash"] == market.rfq
        shown = agent.get(f"/v1/rfqs/{market.rfq}").json()["rfq"]
        assert (shown["domain"], shown["negotiation"]) == (market.domain.as_json(), None)
        assert "invited" not in shown
        assert say(agent, market.rfq, market.clock()).status_code == 201
    found = market.requester.get(f"/v1/rfqs/{market.rfq}/answers").json()["answers"]
    assert [one["answer"]["agent"] for one in found] == [market.north.address, market.south.address]
    negotiation = market.open(market.north, market.south)
    assert market.tie(market.requester, negotiation).status_code == 201
    assert market.north.get(f"/v1/rfqs/{market.rfq}").json()["rfq"]["negotiation"] == negotiation
    assert market.north.get(f"/v1/negotiations/{negotiation}").status_code == 200


def test_nobody_learns_who_else_was_asked_or_answered(market: Market, gateway: Any) -> None:
    market.post()
    say(market.north, market.rfq, market.clock())
    assert market.south.get(f"/v1/rfqs/{market.rfq}/answers").json()["answers"] == []
    assert len(market.north.get(f"/v1/rfqs/{market.rfq}/answers").json()["answers"]) == 1
    assert market.north.address not in market.south.get(f"/v1/rfqs/{market.rfq}").text
    audiences = Audiences(gateway.store)
    asked = {market.requester.address, market.north.address, market.south.address}
    assert audiences.of(f"rfq:{market.rfq}") == asked
    assert audiences.of(f"rfq-answers:{market.rfq}") == {market.requester.address}
    assert audiences.of("rfqs") == frozenset()
    for event in gateway.store.read(f"rfq:{market.rfq}"):
        assert market.north.address not in str(event.data)


def test_a_stranger_is_told_the_same_as_for_what_does_not_exist(market: Market) -> None:
    market.post()
    nothing = "0x" + "77" * 32
    for agent in (market.other,):
        for path in ("", "/answers"):
            theirs = agent.get(f"/v1/rfqs/{market.rfq}{path}")
            absent = agent.get(f"/v1/rfqs/{nothing}{path}")
            assert (theirs.status_code, theirs.json()["code"]) == (404, absent.json()["code"])
        assert say(agent, market.rfq, market.clock()).status_code == 404
        assert agent.post(f"/v1/rfqs/{market.rfq}/opening", {"negotiation": nothing}).status_code == 404
        assert agent.get("/v1/rfqs").json()["rfqs"] == []
    assert say(market.requester, market.rfq, market.clock()).json()["code"] == "gateway.not-yours"
    own = market.open(market.north)
    assert market.tie(market.north, own).json()["code"] == "gateway.not-yours"


def test_all_capabilities_are_needed(market: Market) -> None:
    market.asked = request_of(
        market.requester, market.clock(), market.domain, capabilities=("gpu-lease", "eu")
    )
    assert market.post().json()["invited"] == 1
    wanting = request_of(market.requester, market.clock(), market.domain, capabilities=("nothing",))
    assert ask(market.requester, wanting, market.domain).json()["code"] == "gateway.nobody-matches"


def test_a_request_reaches_a_bounded_number_in_an_order_of_its_own(make_gateway: Any, clock: Any) -> None:
    gateway = make_gateway(rfq_invited=3)
    from parley.gateway.directory import Profile

    for number in range(10):
        address = Address(f"0x{number + 1:040x}")
        gateway.directory.register(address, Profile(name="x", capabilities=["gpu-lease"]))

    class Asker:
        address = Address("0x" + "aa" * 20)

    reached = [
        gateway.quotes.matching(
            request_of(Asker, clock(), template(), nonce=Hash32(f"0x{number:064x}")), template()
        )
        for number in range(8)
    ]
    assert all(len(found) == 3 for found in reached)
    assert len({tuple(found) for found in reached}) > 1
    again = request_of(Asker, clock(), template(), nonce=Hash32(f"0x{0:064x}"))
    assert gateway.quotes.matching(again, template()) == reached[0]


def test_answers_come_once_and_in_time(market: Market) -> None:
    market.post()
    assert say(market.north, market.rfq, market.clock(), interested=False).status_code == 201
    assert say(market.north, market.rfq, market.clock()).json()["code"] == "gateway.answer-too-late"
    forged = say(market.south, market.rfq, market.clock(), signer=market.north.signer)
    assert forged.status_code == 422
    market.clock.now += 601
    assert say(market.south, market.rfq, market.clock()).json()["code"] == "gateway.answer-too-late"
    assert len(market.requester.get(f"/v1/rfqs/{market.rfq}/answers").json()["answers"]) == 1


def test_a_negotiation_is_tied_only_where_it_follows_from_the_request(market: Market) -> None:
    market.post()
    say(market.north, market.rfq, market.clock())
    uninvited = market.open(market.north, market.south)
    assert market.tie(market.requester, uninvited).json()["values"]["outside"] == [market.south.address]
    other = market.open(market.north, domain=domain_of(template(title="another"), 1))
    assert market.tie(market.requester, other).json()["code"] == "gateway.quotes-mismatch"
    right = market.open(market.north)
    assert market.tie(market.requester, right).status_code == 201
    assert market.tie(market.requester, right).status_code == 201
    say(market.south, market.rfq, market.clock())
    assert market.tie(market.requester, market.open(market.south)).json()["code"] == "gateway.quotes-mismatch"


@pytest.mark.parametrize("wrong", ["other domain", "author", "over", "not sealed", "too few roles"])
def test_requests_that_are_refused(market: Market, gateway: Any, wrong: str, talk: Any) -> None:
    now, asked, domain, signer = market.clock(), market.asked, market.domain, None
    if wrong == "other domain":
        domain = template(title="another")
    elif wrong == "author":
        signer = market.north.signer
    elif wrong == "over":
        asked = request_of(market.requester, now - 700, domain)
    elif wrong == "not sealed":
        domain = talk.domain
        asked = request_of(market.requester, now, domain)
    else:
        auction = {**template().as_json()["auction"], "min_bids": 2}
        domain = template(auction=auction, roles=["requester", "bidder_1", "bidder_2"])
        asked = request_of(market.requester, now, domain)
    answer = ask(market.requester, asked, domain, signer)
    assert 400 <= answer.status_code < 500, answer.text
    assert gateway.store.length("rfqs") == 0


def test_repeating_a_request_changes_nothing_and_open_ones_are_bounded(
    market: Market, gateway: Any, monkeypatch: Any
) -> None:
    assert market.post().status_code == market.post().status_code == 201
    assert gateway.store.length("rfqs") == 1
    monkeypatch.setattr("parley.gateway.market.requests.MOST", 1)
    second = request_of(market.requester, market.clock(), market.domain, nonce=Hash32(f"0x{2:064x}"))
    assert ask(market.requester, second, market.domain).json()["code"] == "gateway.too-many-requests-open"
    market.clock.now += 601
    third = request_of(market.requester, market.clock(), market.domain, nonce=Hash32(f"0x{3:064x}"))
    market.requester.sign_in()
    assert ask(market.requester, third, market.domain).status_code == 201


def test_a_request_counts_against_the_rate_once_for_each_it_reaches(
    make_gateway: Any, make_agent: Any, clock: Any
) -> None:
    gateway = make_gateway(agent_rate="4/minute")
    with TestClient(app_of(gateway), raise_server_exceptions=False) as http:
        market = Market(http, make_agent, clock)
        assert market.post().status_code == 201  # one of its own, two that it reaches, one to register
        assert market.requester.get("/v1/rfqs").status_code == 429


def test_pages_of_requests_are_newest_first(market: Market) -> None:
    for number in range(5):
        asked = request_of(market.requester, market.clock(), market.domain, nonce=Hash32(f"0x{number:064x}"))
        ask(market.requester, asked, market.domain)
    first = market.north.get("/v1/rfqs", params={"limit": 3}).json()
    rest = market.north.get("/v1/rfqs", params={"limit": 3, "before": first["next"]}).json()
    numbers = [int(shown["rfq"]["nonce"], 16) for shown in first["rfqs"] + rest["rfqs"]]
    assert (numbers, rest["next"]) == ([4, 3, 2, 1, 0], None)


def test_who_was_asked_hears_of_it_in_its_feed(market: Market, gateway: Any) -> None:
    market.post()

    audiences = Audiences(gateway.store)
    heard = {
        agent: [event.kind for event in gateway.store.feed() if agent in audiences.of(event.stream)]
        for agent in (market.north.address, market.other.address)
    }
    assert heard == {market.north.address: ["rfq"], market.other.address: []}


@pytest.mark.parametrize(("bidders", "fine"), [(0, False), (1, True), (15, True), (16, False)])
def test_the_domain_follows_from_template_and_number(bidders: int, fine: bool) -> None:
    if fine:
        found = domain_of(template(), bidders)
        assert found.roles == ("requester", *(f"bidder_{number + 1}" for number in range(bidders)))
        assert domain_of(found, bidders) == found
    else:
        with pytest.raises(QuoteRequestInvalid):
            domain_of(template(), bidders)
