from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import samples

from parley.evidence.bundle import Bundle, SignedDeal
from parley.evidence.report import Outcome, Report
from parley.evidence.verify import verify_bundle, verify_file
from parley.terms.actions import Mandate
from parley.terms.derivation import derive_deals
from parley.terms.mandates import mandate_signature
from parley.terms.message import (
    Approval,
    MessageReceipt,
    Performative,
    SignedApproval,
    SignedReceipt,
    build_message,
)
from parley.terms.payloads import Fault, Offer, Open, Query, SignedCore, Withdraw
from parley.terms.signing import account_signature
from parley.terms.values import ZERO_ADDRESS, Hash32

AGREED = samples.agreement()
BUNDLE = AGREED.bundle()
CHAIN = samples.CHAIN_ID


def _outcome(report: Report, name: str) -> Outcome:
    return next(check.outcome for check in report.checks if check.name == name)


def _failed(report: Report) -> str:
    assert not report.ok
    assert report.failure is not None
    return report.failure.name


def _with_deal(**changes: Any) -> Bundle:
    return BUNDLE.model_copy(update={"deals": (BUNDLE.deals[0].model_copy(update=changes),)})


def test_a_whole_negotiation_verifies() -> None:
    report = verify_bundle(BUNDLE)
    assert report.ok
    assert report == verify_bundle(BUNDLE.canonical()) == verify_bundle(BUNDLE.as_json())
    outcomes = [check.outcome for check in report.checks]
    assert outcomes == (
        [Outcome.PASSED] * 5
        + [Outcome.NOTHING]
        + [Outcome.PASSED] * 4
        + [Outcome.NOTHING] * 5
        + [Outcome.SKIPPED] * 4
    )
    assert "ACCEPTED" in report.checks[6].detail
    assert report.as_json()["ok"] is True
    assert report.verdict.startswith("Verified, but for: escrow code")


def test_the_first_failure_leaves_the_rest_not_reached() -> None:
    report = verify_bundle(BUNDLE.model_copy(update={"messages": BUNDLE.messages[1:]}))
    assert _failed(report) == "hash chain"
    at = [check.name for check in report.checks].index("hash chain")
    assert all(check.outcome is Outcome.PASSED for check in report.checks[:at])
    assert all(check.outcome is Outcome.NOT_REACHED for check in report.checks[at + 1 :])
    assert len(report.checks) == 19
    assert report.verdict.startswith("NOT VERIFIED: hash chain")


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b"\xff", b'{"schema":"parley/bundle","version":1}', b'{"a":1,"a":2}']
)
def test_what_is_no_bundle_fails_the_first_check(raw: bytes) -> None:
    assert _failed(verify_bundle(raw)) == "documents"


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    assert _failed(verify_file(path)) == "documents"
    path.write_bytes(BUNDLE.canonical())
    assert verify_file(path).ok
    assert _failed(verify_file(tmp_path)) == "documents"


def test_another_domain() -> None:
    other = samples.agreement(domain=type(AGREED.domain).parse(samples.lease_domain_json(title="Another")))
    assert _failed(verify_bundle(BUNDLE.model_copy(update={"domain": other.domain}))) == "domain"


def test_another_opening() -> None:
    opening = BUNDLE.opening.model_copy(update={"nonce": Hash32("0x" + "01" * 32)})
    assert _failed(verify_bundle(BUNDLE.model_copy(update={"opening": opening}))) == "negotiation id"
    place = BUNDLE.chain.model_copy(update={"chain_id": 1})
    assert _failed(verify_bundle(BUNDLE.model_copy(update={"chain": place}))) == "negotiation id"


def test_a_foreign_signature() -> None:
    messages = list(BUNDLE.messages)
    messages[2] = messages[2].model_copy(update={"signature": messages[1].signature})
    assert _failed(verify_bundle(BUNDLE.model_copy(update={"messages": messages}))) == "signatures"


def test_a_move_out_of_turn() -> None:
    talk = samples.Conversation(AGREED.domain, AGREED.opening)
    talk.say("alice", Performative.OPEN, Open(salt=samples.salt(0)))
    values: dict[str, int | str] = {"rate": 1_200_000, "hours": 100, "start_day": 0, "payment": "upfront"}
    talk.say("bob", Performative.PROPOSE, talk.offer(values))  # the buyer speaks first
    bundle = BUNDLE.model_copy(update={"messages": talk.transcript.messages, "deals": ()})
    report = verify_bundle(bundle)
    assert _failed(report) == "turns and replay"
    assert "message 1" in str(report.failure)


def _ended() -> samples.Conversation:
    talk = samples.Conversation(AGREED.domain, AGREED.opening)
    talk.say("alice", Performative.OPEN, Open(salt=samples.salt(0)))
    talk.say("bob", Performative.QUERY, Query(question="?", salt=samples.salt(1)))
    talk.say("alice", Performative.WITHDRAW, Withdraw(reason="enough", salt=samples.salt(2)))
    return talk


def test_a_negotiation_without_agreement_verifies_and_derives_no_deal() -> None:
    messages = _ended().transcript.messages
    report = verify_bundle(BUNDLE.model_copy(update={"messages": messages, "deals": ()}))
    assert report.ok
    assert _outcome(report, "deal derivation") is Outcome.NOTHING
    report = verify_bundle(BUNDLE.model_copy(update={"messages": messages}))
    assert _failed(report) == "deal derivation"


def test_a_convicting_fault_is_checked_to_its_own_signatures() -> None:
    talk = samples.Conversation(AGREED.domain, AGREED.opening)
    talk.say("alice", Performative.OPEN, Open(salt=samples.salt(0)))
    values: dict[str, int | str] = {"rate": 1_200_000, "hours": 100, "start_day": 0, "payment": "upfront"}
    offer = talk.offer(values)
    first = talk.say("alice", Performative.PROPOSE, offer)
    second = build_message(
        samples.signer("alice"),
        CHAIN,
        first.core.negotiation,
        1,
        first.core.previous,
        Performative.PROPOSE,
        offer.model_copy(update={"salt": samples.salt(99)}),
        first.core.sent_at,
    )
    for signature, ok in ((second.signature, True), (first.signature, False)):
        trial = samples.Conversation(AGREED.domain, AGREED.opening)
        for message in talk.transcript.messages:
            trial.transcript.append(message)
        proof = Fault(
            kind="equivocation",
            first=SignedCore(core=first.core, signature=first.signature),
            second=SignedCore(core=second.core, signature=signature),
            salt=samples.salt(5),
        )
        trial.say("bob", Performative.FAULT, proof)
        report = verify_bundle(BUNDLE.model_copy(update={"messages": trial.transcript.messages, "deals": ()}))
        assert report.ok is ok


def _resigned(deal: Any) -> Bundle:
    digest = deal.digest(CHAIN, samples.ESCROW)
    changes = {
        "deal": deal,
        "deal_id": deal.deal_id(CHAIN, samples.ESCROW),
        "buyer_signature": account_signature(samples.signer("alice").sign_digest(digest)),
        "seller_signature": account_signature(samples.signer("bob").sign_digest(digest)),
    }
    return _with_deal(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"price": AGREED.deals[0].price + 1},
        {"buyer": samples.signer("mallory").address},
        {"terms_hash": Hash32("0x" + "01" * 32)},
        {"transcript_root": Hash32("0x" + "01" * 32)},
        {"transcript_length": 5},
        {"transcript_length": 0},
        {"transcript_length": 7},
        {"payout": 1},
        {"nonce": 1},
        {"milestones": AGREED.deals[0].milestones[:1]},
        {"open_by": AGREED.deals[0].open_by + 1},
        {"amends_locked": 1},
    ],
)
def test_a_deal_that_both_signed_but_nobody_negotiated(changes: dict[str, Any]) -> None:
    assert _failed(verify_bundle(_resigned(AGREED.deals[0].model_copy(update=changes)))) == "deal derivation"


def test_an_earlier_open_by_is_the_seller_s_choice() -> None:
    length = len(BUNDLE.messages)
    (deal,) = derive_deals(
        AGREED.domain,
        AGREED.opening,
        AGREED.offer,
        AGREED.deals[0].transcript_root,
        length,
        BUNDLE.messages[-1].core.sent_at,
        AGREED.deals[0].open_by - 100,
    )
    assert verify_bundle(_resigned(deal)).ok


def test_the_number_of_deals_is_the_domain_s() -> None:
    report = verify_bundle(BUNDLE.model_copy(update={"deals": BUNDLE.deals * 2}))
    assert _failed(report) == "deal derivation"


def test_wrong_proofs() -> None:
    proofs = BUNDLE.deals[0].proofs
    for wrong in (proofs[:-1], (*proofs, proofs[0]), (proofs[1], proofs[0], *proofs[2:]), ((), *proofs[1:])):
        assert _failed(verify_bundle(_with_deal(proofs=wrong))) == "transcript root"


def _deal_signature_cases() -> dict[str, dict[str, Any]]:
    item: SignedDeal = BUNDLE.deals[0]
    return {
        "swapped": {"buyer_signature": item.seller_signature, "seller_signature": item.buyer_signature},
        "kind of a mandate": {"buyer_signature": "0x01" + item.buyer_signature[4:]},
        "missing": {"buyer_signature": "0x"},
        "kind only": {"seller_signature": "0x00"},
        "short": {"seller_signature": item.seller_signature[:-4]},
        "long": {"seller_signature": item.seller_signature + "00"},
        "authorisation only, no node": {
            "buyer_signature": "0x",
            "buyer_authorization": BUNDLE.messages[0].signature,
        },
        "another id": {"deal_id": Hash32("0x" + "01" * 32)},
    }


@pytest.mark.parametrize("name", _deal_signature_cases())
def test_wrong_deal_signatures(name: str) -> None:
    assert _failed(verify_bundle(_with_deal(**_deal_signature_cases()[name]))) == "deal signatures"


def _mandate(**changes: Any) -> Mandate:
    deal = BUNDLE.deals[0].deal
    fields: dict[str, Any] = {
        "principal": deal.buyer,
        "agent": samples.signer("agent").address,
        "role": 1,
        "token": deal.token,
        "deal_limit": deal.buyer_lock + deal.relay_fee,
        "budget": 0,
        "valid_from": 0,
        "valid_until": deal.open_by,
        "actions": 1,
        "counterparty": deal.seller,
        "arbiter": ZERO_ADDRESS,
        "epoch": 0,
        "nonce": 5,
    }
    return Mandate(**{**fields, **changes})


def _by_agent(mandate: Mandate, principal: str = "alice", agent: str = "agent") -> str:
    place = (CHAIN, BUNDLE.chain.escrow)
    granted = samples.signer(principal).sign_digest(mandate.digest(*place))
    signed = samples.signer(agent).sign_digest(BUNDLE.deals[0].deal.digest(*place))
    return mandate_signature(mandate, account_signature(granted), account_signature(signed))


def test_an_agent_signed_under_a_mandate() -> None:
    assert verify_bundle(_with_deal(buyer_signature=_by_agent(_mandate()))).ok


@pytest.mark.parametrize(
    "signature",
    [
        _by_agent(_mandate(), principal="mallory"),
        _by_agent(_mandate(), agent="mallory"),
        _by_agent(_mandate(deal_limit=1)),
        _by_agent(_mandate(actions=2)),
        _by_agent(_mandate(role=2)),
        _by_agent(_mandate(principal=BUNDLE.deals[0].deal.seller), principal="bob"),
        _by_agent(_mandate(agent=BUNDLE.deals[0].deal.seller), agent="bob"),
        _by_agent(_mandate(valid_from=BUNDLE.deals[0].deal.open_by + 1)),
        _by_agent(_mandate())[:-2],
    ],
)
def test_an_agent_outside_its_mandate(signature: str) -> None:
    assert _failed(verify_bundle(_with_deal(buyer_signature=signature))) == "deal signatures"


def test_the_sellers_agent_is_not_the_buyers() -> None:
    deal = BUNDLE.deals[0].deal
    sells = _mandate(principal=deal.seller, role=2, deal_limit=0, counterparty=deal.buyer)
    good = _by_agent(sells, principal="bob")
    assert verify_bundle(_with_deal(seller_signature=good)).ok
    assert _failed(verify_bundle(_with_deal(buyer_signature=good))) == "deal signatures"


def test_compact_signatures_are_read() -> None:
    raw = bytes.fromhex(BUNDLE.deals[0].buyer_signature[4:])
    s = int.from_bytes(raw[32:64], "big") | (raw[64] - 27) << 255
    compact = "0x00" + (raw[:32] + s.to_bytes(32, "big")).hex()
    assert verify_bundle(_with_deal(buyer_signature=compact)).ok


def _receipt(**changes: Any) -> SignedReceipt:
    core = MessageReceipt(
        negotiation=AGREED.opening.negotiation_id(),
        message=BUNDLE.messages[1].message_hash(CHAIN),
        received_at=samples.OPENED_AT + 2,
        log_index=1,
    ).model_copy(update={key: value for key, value in changes.items() if key != "by"})
    gateway = samples.signer(changes.get("by", "gateway"))
    return SignedReceipt(
        **dict(core), gateway=gateway.address, signature=gateway.sign_digest(core.digest(CHAIN))
    )


def test_receipts() -> None:
    good = verify_bundle(BUNDLE.model_copy(update={"receipts": (_receipt(),)}))
    assert _outcome(good, "receipts") is Outcome.PASSED
    assert good.ok
    for wrong in (
        _receipt(by="mallory"),
        _receipt(message=Hash32("0x" + "01" * 32)),
        _receipt(negotiation=Hash32("0x" + "01" * 32)),
        _receipt().model_copy(update={"received_at": 5}),
    ):
        assert _failed(verify_bundle(BUNDLE.model_copy(update={"receipts": (wrong,)}))) == "receipts"


def _approval(by: str = "reviewer", **changes: Any) -> SignedApproval:
    reviewer = samples.signer(by)
    core = Approval(
        negotiation=AGREED.opening.negotiation_id(),
        terms_hash=AGREED.deals[0].terms_hash,
        agent=samples.signer("alice").address,
        reviewer=reviewer.address,
        granted=True,
        reason=Hash32("0x" + "00" * 32),
        decided_at=samples.OPENED_AT,
        expires_at=samples.OPENED_AT + 1_800,
    ).model_copy(update=changes)
    return SignedApproval(core=core, signature=reviewer.sign_digest(core.digest(CHAIN)))


def test_approvals() -> None:
    good = verify_bundle(BUNDLE.model_copy(update={"approvals": (_approval(),)}))
    assert _outcome(good, "approvals") is Outcome.PASSED
    right = _approval()
    for wrong in (
        _approval(by="mallory"),
        _approval(agent=samples.signer("mallory").address),
        _approval(negotiation=Hash32("0x" + "01" * 32)),
        SignedApproval(core=right.core.model_copy(update={"granted": False}), signature=right.signature),
    ):
        assert _failed(verify_bundle(BUNDLE.model_copy(update={"approvals": (wrong,)}))) == "approvals"


def test_decisions_are_the_owner_s_word() -> None:
    report = verify_bundle(BUNDLE.model_copy(update={"decisions": ({"rule": "G1"},)}))
    assert report.ok
    assert _outcome(report, "policy decisions") is Outcome.SKIPPED


def test_erased_payloads_leave_signatures_and_chain() -> None:
    report = verify_bundle(AGREED.bundle(erase=(1, 2)))
    assert report.ok
    assert _outcome(report, "signatures") is Outcome.PASSED
    assert _outcome(report, "turns and replay") is Outcome.PARTIAL
    assert "message 1" in report.checks[6].detail
    assert _outcome(report, "deal derivation") is Outcome.PASSED  # the accepted offer is still there
    for erased in ((4,), (5,)):  # the accepted offer; the acceptance
        report = verify_bundle(AGREED.bundle(erase=erased))
        assert report.ok
        assert _outcome(report, "deal derivation") is Outcome.PARTIAL
        assert "cannot be shown" in report.checks[7].detail
        assert _outcome(report, "deal signatures") is Outcome.PASSED


def test_an_erased_transcript_still_ends_with_an_acceptance() -> None:
    erased = AGREED.bundle(erase=(1, 2))
    shorter = erased.model_copy(update={"messages": erased.messages[:-1]})
    assert _failed(verify_bundle(shorter)) == "deal derivation"


def test_linked_deals_verify() -> None:
    source = samples.lease_domain_json(
        settlements=[samples.lease_settlement(), samples.lease_settlement(payout=1)]
    )
    both = samples.agreement(domain=type(AGREED.domain).parse(source))
    assert verify_bundle(both.bundle()).ok
    turned = both.bundle().model_copy(update={"deals": both.bundle().deals[::-1]})
    assert _failed(verify_bundle(turned)) == "deal derivation"


def test_an_offer_with_amounts_in_json_form_is_replayed() -> None:
    payload = BUNDLE.messages[1].payload
    assert isinstance(payload, Offer)
    assert payload.values["rate"] == "1200000"
