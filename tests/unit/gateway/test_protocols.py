"""Auctions and mediated coalitions through the gateway: the same messages, receipts and next actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.gateway import Gateway
from parley.negotiation.machine import Machine
from parley.negotiation.protocols.auction import SealedBids
from parley.negotiation.protocols.mediation import Mediated
from parley.terms.domain import Domain
from parley.terms.message import Performative, build_message
from parley.terms.opening import Opening, Party
from parley.terms.payloads import Accept, Award, Call, Commit, Open, Payload, Reveal
from parley.terms.values import Address, Hash32, Salt

NOW = 1_800_000_000
CHAIN = 31_337
ESCROW = Address("0x" + "e5" * 20)
NAMES = {"requester": "buyer", "north": "seller", "south": "stranger"}


def _domain(protocol: str, **more: Any) -> Domain:
    return Domain.parse(
        {
            "schema": "parley/domain",
            "version": 1,
            "title": protocol,
            "issues": [{"name": "price", "type": "amount", "min": "0", "max": "1000", "step": "10"}],
            "fixed": {},
            "roles": list(NAMES),
            "protocol": protocol,
            "limits": {
                "max_rounds": 2,
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
            **more,
        }
    )


def _settlement(seller: str) -> dict[str, Any]:
    zero = "0x" + "00" * 20
    return {
        "buyer": "requester",
        "seller": seller,
        "token": "0x" + "70" * 20,
        "arbiter": zero,
        "relayer": zero,
        "price": {"issue": "price"},
        "seller_bond": 0,
        "arbiter_fee": 0,
        "relay_fee": 0,
        "cancel_by": 0,
        "review_window": 3_600,
        "dispute_window": 3_600,
        "ruling_window": 3_600,
        "rejected_seller_bps": 0,
        "lapsed_seller_bps": 5_000,
        "walk_away_bps": 5_000,
        "payout": 0,
        "milestones": [{"amount": {"rest": True}, "deliver_by": {"add": [{"var": "open_by"}, 86_400]}}],
    }


class Hall:
    """Three parties (and a mediator) at one gateway; a machine of our own tells what comes next."""

    def __init__(self, gateway: Gateway, agents: dict[str, Any], domain: Domain) -> None:
        self.agents = agents
        self.domain = domain
        parties = {role: agents[role].address for role in NAMES}
        self.opening = Opening(
            domain=domain.hash(),
            parties=tuple(Party(role=role, address=address, epoch=0) for role, address in parties.items()),
            first="requester",
            initiator=parties["requester"],
            opened_at=NOW,
            deadline=NOW + 3_600,
            chain_id=CHAIN,
            escrow=ESCROW,
            gateways=(gateway.receipts.gateway,),
            reviewers=(),
            mediator=None if domain.mediation is None else agents["mediator"].address,
            nonce=Hash32("0x" + "31" * 32),
        )
        self.machine = Machine(domain, self.opening)
        self.state = self.machine.initial()
        self.count = 0

    def salt(self) -> Salt:
        self.count += 1
        return Salt(f"0x{self.count:032x}")

    def say(self, who: str, performative: Performative, payload: Payload) -> Any:
        agent, state = self.agents[who], self.state
        message = build_message(
            agent.signer, CHAIN, state.negotiation, state.sequence, state.last, performative, payload, NOW
        )
        if state.sequence == 0:
            body = {
                "domain": self.domain.as_json(),
                "opening": self.opening.as_json(),
                "message": message.wire(),
            }
            answer = agent.post("/v1/negotiations", body)
        else:
            answer = agent.post(f"/v1/negotiations/{state.negotiation}/messages", message.wire())
        if answer.status_code == 201:
            self.state = self.machine.step(state, message).state
        return answer

    def ok(self, who: str, performative: Performative, payload: Payload) -> None:
        answer = self.say(who, performative, payload)
        assert answer.status_code == 201, answer.text

    def may(self, who: str) -> set[str]:
        found = self.agents[who].get(f"/v1/negotiations/{self.state.negotiation}").json()
        return {action["action"] for action in found["next_actions"]}

    def reveal_of(self, who: str, **content: Any) -> Reveal:
        return Reveal(
            salt=self.salt(),
            negotiation=self.state.negotiation,
            party=self.agents[who].address,
            round=0,
            **content,
        )

    def sealed(self, contents: dict[str, dict[str, Any]]) -> None:
        reveals = {who: self.reveal_of(who, **content) for who, content in contents.items()}
        for who, reveal in reveals.items():
            self.ok(who, Performative.COMMIT, Commit(salt=self.salt(), commitment=reveal.hash()))
        for who, reveal in reveals.items():
            assert "reveal" in self.may(who)
            self.ok(who, Performative.REVEAL, reveal)

    def award(self, who: str, values: dict[str, Any], winner: str | None) -> Award:
        return Award(
            salt=self.salt(),
            values=values,
            expires_at=NOW + 60,
            assumptions=(),
            dependencies=(),
            final=False,
            winner=winner,
        )

    def accept(self) -> Accept:
        assert self.state.offer is not None
        return Accept(salt=self.salt(), offer=self.state.offer.message)


@pytest.fixture
def agents(http: TestClient, make_agent: Callable[[str, TestClient], Any]) -> dict[str, Any]:
    found = {role: make_agent(name, http) for role, name in NAMES.items()}
    return {**found, "mediator": make_agent("mediator", http)}


def test_an_auction_ends_in_a_deal_with_its_winner(gateway: Gateway, agents: dict[str, Any]) -> None:
    windows = {"commit_seconds": 300, "reveal_seconds": 300, "award_seconds": 300}
    auction = {"requester": "requester", "side": "buy", "price": "price", "min_bids": 2, **windows}
    domain = _domain("sealed-bid", auction=auction, settlements=[_settlement("winner")])
    hall = Hall(gateway, agents, domain)
    hall.ok("requester", Performative.OPEN, Open(salt=hall.salt()))
    assert "commit" in hall.may("north")
    hall.sealed({"north": {"values": {"price": "400"}}, "south": {"values": {"price": "300"}}})
    protocol = hall.machine.protocol
    assert isinstance(protocol, SealedBids)
    winner, values = protocol.award_values(hall.state) or ("", {})
    assert (winner, values) == ("south", {"price": "400"})
    greedy = hall.say("requester", Performative.AWARD, hall.award("requester", {"price": "300"}, "south"))
    assert greedy.status_code == 422
    assert greedy.json()["type"].endswith("negotiation.award-wrong")
    hall.ok("requester", Performative.AWARD, hall.award("requester", values, winner))
    assert hall.say("north", Performative.ACCEPT, hall.accept()).status_code == 403
    hall.ok("south", Performative.ACCEPT, hall.accept())
    view = agents["south"].get(f"/v1/negotiations/{hall.state.negotiation}").json()["negotiation"]
    (agreement,) = view["agreements"]
    assert agreement["seller"] == agents["south"].address
    assert agreement["deal"]["price"] == "400"


def test_a_mediator_reads_calls_and_awards(gateway: Gateway, agents: dict[str, Any]) -> None:
    windows = {"commit_seconds": 300, "reveal_seconds": 300, "award_seconds": 300}
    hall = Hall(gateway, agents, _domain("mediated", mediation={"max_candidates": 4, **windows}))
    hall.ok("requester", Performative.OPEN, Open(salt=hall.salt()))
    assert "call" in hall.may("mediator")
    candidates = tuple({"price": str(price)} for price in (100, 200, 300))
    hall.ok("mediator", Performative.CALL, Call(salt=hall.salt(), candidates=candidates, reason=""))
    hall.sealed({"requester": {"ranking": (0, 1)}, "north": {"ranking": (2, 1)}, "south": {"ranking": (1,)}})
    protocol = hall.machine.protocol
    assert isinstance(protocol, Mediated)
    values = protocol.award_values(hall.state)
    assert values == {"price": "200"}
    hall.ok("mediator", Performative.AWARD, hall.award("mediator", values, None))
    for who in NAMES:
        hall.ok(who, Performative.ACCEPT, hall.accept())
    assert hall.state.status.value == "ACCEPTED"
    view = agents["mediator"].get(f"/v1/negotiations/{hall.state.negotiation}").json()["negotiation"]
    assert view["status"] == "ACCEPTED"
