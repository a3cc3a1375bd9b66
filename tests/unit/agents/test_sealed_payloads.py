"""Payloads sealed to the parties: the gateway carries them, keeps turns and time, and reads nothing."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from parley.agents.agent import Agent
from parley.agents.conduct import Plan, Planner
from parley.agents.errors import GatewayProblem, GuardRefused, SealUnreadable
from parley.agents.gatekeeper import Guard
from parley.agents.letterbox import Letterbox, derived_key, public_key
from parley.agents.runner import AgentRunner
from parley.agents.session import NegotiationSession
from parley.agents.signing import DealSigning
from parley.evidence.bundle import Bundle as Evidence
from parley.evidence.report import Outcome
from parley.evidence.verify import verify_bundle
from parley.negotiation.strategies import make_strategy
from parley.policy.models import Bundle, Rule
from parley.policy.service import PolicyEngine
from parley.terms.errors import CardInvalid
from parley.terms.sealed import Sealed

CHAIN = 31_337
DAY = 86_400
PRICE = 6_480_000


def letterbox(world: Any, wallet: Any, name: str, make_signer: Any, **options: Any) -> Letterbox:
    client = world.connect(wallet)
    found = Letterbox(
        wallet.address,
        (derived_key(make_signer(name)),),
        client.card,
        chain_id=CHAIN,
        clock=world.clock,
        **options,
    )
    client.publish_card(found.card(make_signer(name), DAY))
    return found


def sealed_pair(
    world: Any, domain: Any, make_signer: Any, **options: Any
) -> tuple[NegotiationSession, NegotiationSession]:
    buyer, seller = world.wallet("buyer", **options), world.wallet("seller")
    boxes = {
        name: letterbox(world, wallet, name, make_signer)
        for name, wallet in (("buyer", buyer), ("seller", seller))
    }
    opening = world.opening(domain, buyer.address, seller.address)
    ours = NegotiationSession.start(domain, opening, buyer, world.channel(buyer), letterbox=boxes["buyer"])
    theirs = NegotiationSession.join(ours.id, seller, world.channel(seller), letterbox=boxes["seller"])
    return ours, theirs


def agree(buyer: NegotiationSession, seller: NegotiationSession) -> None:
    buyer.offer({"price": 3_000_000, "hours": 50})
    seller.sync()
    seller.offer({"price": PRICE, "hours": 50})
    buyer.sync()
    buyer.accept()
    seller.sync()


@pytest.fixture
def pair(world: Any, domain: Any, make_signer: Any) -> tuple[NegotiationSession, NegotiationSession]:
    return sealed_pair(world, domain, make_signer)


def stored(world: Any, session: NegotiationSession) -> str:
    events = world.gateway.store.feed(limit=10_000)
    assert any(session.id in event.stream for event in events)
    return json.dumps([dict(event.data) for event in events])


def test_both_sides_agree_and_the_gateway_never_sees_a_value(world: Any, pair: Any) -> None:
    buyer, seller = pair
    agree(buyer, seller)
    assert (buyer.status, seller.status) == ("ACCEPTED", "ACCEPTED")
    assert buyer.state.hash() == seller.state.hash()
    assert buyer.standing_values == {"price": PRICE, "hours": 50}
    kept = stored(world, buyer)
    assert str(PRICE) not in kept
    assert "3000000" not in kept
    view = world.connect(buyer.wallet).negotiation(buyer.id)
    assert (view.status, view.latest_offer.values) == ("ACCEPTED", {})


def test_a_restarted_agent_reads_what_it_read_before(world: Any, domain: Any, pair: Any) -> None:
    buyer, seller = pair
    buyer.offer({"price": 3_000_000, "hours": 50})
    seller.sync()
    again = NegotiationSession.join(seller.id, seller.wallet, seller.channel)  # without a letterbox
    assert again.state.hash() == seller.state.hash()
    assert again.standing_values == {"price": 3_000_000, "hours": 50}


def test_the_guard_at_the_edge_still_judges_what_is_sealed(world: Any, domain: Any, make_signer: Any) -> None:
    rule = Rule(id="cap", layer="global", severity="refuse", expression="price <= 2000000", reason="too dear")
    guard = Guard(policy=PolicyEngine(Bundle(name="b", rules=(rule,))))
    buyer, _ = sealed_pair(world, domain, make_signer, guard=guard)
    with pytest.raises(GuardRefused):
        buyer.offer({"price": 3_000_000, "hours": 50})
    buyer.offer({"price": 1_500_000, "hours": 50})
    assert buyer.state.sequence == 2


def test_only_the_reader_opens_a_box_and_only_in_its_place(
    world: Any, domain: Any, pair: Any, make_signer: Any
) -> None:
    buyer, seller = pair
    message = buyer.offer({"price": 3_000_000, "hours": 50})
    assert isinstance(message.payload, Sealed)
    own = seller.letterbox
    assert own.open(seller.opening, message.core, message.payload).hash() == message.payload.plain
    moved = message.core.model_copy(update={"sequence": 2})
    with pytest.raises(SealUnreadable):
        own.open(seller.opening, moved, message.payload)
    flipped = message.payload.boxes[0].sealed[:-2] + "00"
    box = message.payload.boxes[0].model_copy(update={"sealed": flipped})
    with pytest.raises(SealUnreadable):
        own.open(seller.opening, message.core, message.payload.model_copy(update={"boxes": (box,)}))
    stranger = Letterbox(
        world.wallet("mallory").address, (b"\x07" * 32,), own._cards, chain_id=CHAIN, clock=world.clock
    )
    with pytest.raises(SealUnreadable):
        stranger.open(seller.opening, message.core, message.payload)


def test_nothing_is_sealed_to_a_key_that_its_agent_did_not_sign_for_now(
    world: Any, domain: Any, pair: Any, make_signer: Any
) -> None:
    buyer, seller = pair
    genuine = buyer.letterbox._cards

    def swapped(address: Any) -> Any:
        card = genuine(address)
        return card.model_copy(
            update={"card": card.card.model_copy(update={"key": public_key(b"\x09" * 32)})}
        )

    buyer.letterbox._cards = swapped
    with pytest.raises(Exception, match="another document"):
        buyer.offer({"price": 3_000_000, "hours": 50})
    buyer.letterbox._cards = genuine
    world.clock.now += DAY + 1
    with pytest.raises(CardInvalid):
        genuine(seller.wallet.address).key_at(world.clock())


def test_the_deal_is_brought_where_the_gateway_cannot_derive_it(world: Any, pair: Any) -> None:
    buyer, seller = pair
    agree(buyer, seller)
    client = world.connect(seller.wallet)
    signed = seller.wallet.sign_deal(seller.machine, seller.state, 0, None, fund=False)
    with pytest.raises(GatewayProblem, match="sealed"):
        client.sign_agreement(seller.id, 0, signed.deal.open_by, signed.signature)
    for field, value in (("token", "0x" + "71" * 20), ("transcript_length", 3), ("buyer", "0x" + "33" * 20)):
        other = signed.deal.model_copy(update={field: value})
        with pytest.raises(GatewayProblem, match="not that of this agreement"):
            client.sign_agreement(seller.id, 0, other.open_by, signed.signature, None, other)
    reports: list[Any] = []
    selling = DealSigning(client, seller.wallet, reports.append)
    selling._hand_in(seller, 0, signed)
    [agreement] = world.connect(buyer.wallet).negotiation(buyer.id).agreements
    assert agreement.seller_signature == signed.signature
    assert agreement.deal_id == signed.deal_id


def test_a_holder_shows_an_auditor_what_was_said_and_nothing_else_can_be_shown(world: Any, pair: Any) -> None:
    buyer, seller = pair
    agree(buyer, seller)
    raw = world.connect(buyer.wallet).negotiation_bundle(buyer.id)["bundle"]
    closed = verify_bundle(raw)
    assert closed.ok, closed.verdict
    outcomes = {check.name: check for check in closed.checks}
    assert outcomes["turns and replay"].outcome is Outcome.PARTIAL
    assert "2 sealed offers" in outcomes["turns and replay"].detail
    assert outcomes["disclosures"].outcome is Outcome.PARTIAL

    bundle = Evidence.parse(raw)
    part = bundle.model_copy(update={"disclosures": buyer.disclosures((2,))})
    assert "1 of 2" in next(
        check.detail for check in verify_bundle(part).checks if check.name == "disclosures"
    )
    whole = bundle.model_copy(update={"disclosures": buyer.disclosures()})
    report = verify_bundle(whole)
    shown = {check.name: check for check in report.checks}
    assert report.ok, report.verdict
    assert shown["turns and replay"].outcome is Outcome.PASSED
    assert buyer.state.hash() in shown["turns and replay"].detail
    lie = whole.as_json()
    lie["disclosures"][1]["payload"]["values"]["price"] = "6480001"
    failure = verify_bundle(lie).failure
    assert failure is not None
    assert failure.name == "disclosures"


def test_a_question_travels_sealed_too(world: Any, pair: Any) -> None:
    buyer, seller = pair
    buyer.query("would you take 5.55 for two years?")
    seller.sync()
    assert "two years" not in stored(world, buyer)
    assert seller.disclosures()[0].payload["question"] == "would you take 5.55 for two years?"


def test_agents_by_themselves_agree_under_seal_and_sign(
    world: Any, domain: Any, make_profile: Any, make_signer: Any
) -> None:
    reports: list[Any] = []
    runners = {}

    def planner(role: str, strategy: str) -> Planner:
        return lambda domain, opening: Plan(make_profile(domain, role), make_strategy(strategy), seed=1)

    for name, strategy in (("buyer", "boulware"), ("seller", "conceder")):
        wallet = world.wallet(name)

        box = letterbox(world, wallet, name, make_signer)
        runners[name] = AgentRunner(
            world.connect(wallet), wallet, planner(name, strategy), watch=reports.append, letterbox=box
        )
    buyer = runners["buyer"]
    opening = world.opening(domain, buyer.wallet.address, runners["seller"].wallet.address)
    talk = NegotiationSession.start(domain, opening, buyer.wallet, buyer.channel, letterbox=buyer._letterbox)
    buyer.begin(talk)
    for _ in range(60):
        before = world.gateway.store.last_position()
        for runner in runners.values():
            runner.look_around()
        if world.gateway.store.last_position() == before:
            break
    talk.sync()
    assert (talk.status, talk.terms_sealed) == ("ACCEPTED", True)
    signed = [report.details["as"] for report in reports if report.kind == "deal_signed"]
    assert signed == ["seller"]
    offers = [event for event in world.gateway.store.read(f"negotiation:{talk.id}") if event.sequence]
    assert all("values" not in event.data["message"]["payload"] for event in offers)


def test_an_agent_publishes_its_card_once(world: Any, make_signer: Any) -> None:
    wallet = world.wallet("buyer")
    itself: Any = SimpleNamespace(client=world.connect(wallet), wallet=wallet)
    for later in (0, 1_000, 200 * DAY):
        world.clock.now += later
        assert Agent._letterbox(itself, make_signer("buyer")).seals
        itself.client = world.connect(wallet)
    cards = world.gateway.store.read(f"card:{wallet.address}")
    assert [event.data["card"]["issued_at"] for event in cards] == [
        world.clock.now - 200 * DAY - 1_000,
        world.clock.now,
    ]
