"""The deployed escrow computes the deal ids and action digests of Parley, and refuses the same deals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import samples
from on_anvil import CALLER, Escrow, state_slot

from parley.chain.anvil import LocalAnvil
from parley.terms.actions import Action
from parley.terms.deal import Deal, Milestone
from parley.terms.eip712 import escrow_domain
from parley.terms.errors import DealInvalid
from parley.terms.signing import account_signature
from parley.terms.values import UINT128_MAX, ZERO_ADDRESS, Address, Hash32

VECTORS = Path(__file__).parents[1] / "vectors"
NOBODY = account_signature(samples.signer("nobody").sign_digest(b"\x01" * 32))
BAD = bytes.fromhex(NOBODY[2:])
FUTURE = 2**40 - 1


@pytest.fixture(scope="module")
def escrow() -> Iterator[Escrow]:
    with LocalAnvil(genesis_time=samples.OPENED_AT) as node:
        yield Escrow(node.rpc_url)


def _deal_ids(escrow: Escrow, deals: list[Deal]) -> list[str]:
    answers = escrow.call([("dealIdOf", [deal.as_abi()], {}) for deal in deals])
    return [answer["result"] for answer in answers]


def test_the_domain_separator_is_the_same(escrow: Escrow) -> None:
    answer = escrow.call([("domainSeparator", [], {})])[0]
    assert answer["result"] == Hash32.of(escrow_domain(samples.CHAIN_ID, escrow.address))


def test_a_thousand_deals_have_the_same_id(escrow: Escrow) -> None:
    rng = Random(11)
    deals = [deal for _, deal in samples.edge_deals()]
    deals += [samples.random_deal(rng) for _ in range(1_000 - len(deals))]
    expected = [deal.deal_id(samples.CHAIN_ID, escrow.address) for deal in deals]
    assert _deal_ids(escrow, deals) == expected


def test_the_published_deals_have_the_same_id(escrow: Escrow) -> None:
    cases = json.loads((VECTORS / "deals.json").read_text())["cases"]
    deals = [Deal.parse(case["input"]["deal"]) for case in cases]
    struct_hashes = [case["expected"]["struct_hash"] for case in cases]
    assert [deal.struct_hash() for deal in deals] == struct_hashes
    expected = [deal.deal_id(samples.CHAIN_ID, escrow.address) for deal in deals]
    assert _deal_ids(escrow, deals) == expected


def test_the_abi_form_reads_back(escrow: Escrow) -> None:
    rng = Random(12)
    for deal in (samples.random_deal(rng) for _ in range(50)):
        assert Deal.from_abi(deal.as_abi()) == deal


# ----------------------------------------------------------------- opening rules


def _openable(escrow: Escrow, now: int) -> Deal:
    deal = samples.agreement().deals[0]
    return deal.model_copy(
        update={
            "token": escrow.address,
            "open_by": now + 600,
            "milestones": tuple(
                Milestone(amount=part.amount, deliver_by=now + 90_000 * (at + 1))
                for at, part in enumerate(deal.milestones)
            ),
        }
    )


def _spoiled(deal: Deal, now: int, rng: Random) -> Deal:
    """The deal with one to three things changed, most of them wrong."""
    parts = deal.milestones
    changes: list[Callable[[], dict[str, Any]]] = [
        lambda: {"price": rng.choice((0, deal.price + 1))},
        lambda: {"buyer": rng.choice((ZERO_ADDRESS, deal.seller, deal.arbiter))},
        lambda: {"seller": rng.choice((ZERO_ADDRESS, deal.buyer, deal.arbiter))},
        lambda: {"arbiter": rng.choice((ZERO_ADDRESS, deal.buyer, deal.seller))},
        lambda: {"arbiter": ZERO_ADDRESS, "arbiter_fee": 0},
        lambda: {"token": ZERO_ADDRESS},
        lambda: {
            rng.choice(("review_window", "dispute_window", "ruling_window")): rng.choice(
                (0, 1, 365 * 86_400, 365 * 86_400 + 1, 2**32 - 1)
            )
        },
        lambda: {
            rng.choice(("rejected_seller_bps", "lapsed_seller_bps", "walk_away_bps")): rng.choice(
                (0, 10_000, 10_001, 65_535)
            )
        },
        lambda: {"payout": rng.choice((0, 3, 4, 255))},
        lambda: {"milestones": ()},
        lambda: {"milestones": parts * rng.choice((1, 8, 9)), "price": deal.price * 8},
        lambda: {"milestones": (Milestone(amount=0, deliver_by=now + 900), *parts)},
        lambda: {"milestones": tuple(reversed(parts))},
        lambda: {"milestones": (Milestone(amount=deal.price, deliver_by=now - 1),)},
        lambda: {"milestones": (Milestone(amount=deal.price, deliver_by=now),)},
        lambda: {"milestones": (Milestone(amount=UINT128_MAX, deliver_by=now + 9),), "price": UINT128_MAX},
        lambda: {"open_by": rng.choice((now - 1, now, now + 1))},
        lambda: {"seller_bond": rng.choice((0, 2 * deal.arbiter_fee - 1, 2 * deal.arbiter_fee, UINT128_MAX))},
        lambda: {"bundle": Hash32("0x" + "01" * 32)},
        lambda: {"amends": Hash32("0x" + "01" * 32)},
    ]
    updates: dict[str, Any] = {}
    for change in rng.sample(changes, rng.choice((1, 1, 1, 2, 3))):
        updates.update(change())
    return deal.model_copy(update=updates)


RULES = {
    "AmendmentNotHere",
    "BondBelowFees",
    "BpsOutOfRange",
    "DeadlineBeforeOpening",
    "FeeWithoutArbiter",
    "LinkedDealAlone",
    "LockedTooLarge",
    "MilestoneAmountZero",
    "MilestoneCount",
    "MilestoneOrder",
    "MilestonesSum",
    "OpenByPassed",
    "PartiesNotDistinct",
    "PartyZero",
    "PayoutUnknown",
    "PriceZero",
    "TokenWithoutCode",
    "WindowOutOfRange",
}


def _verdict(deal: Deal, now: int) -> tuple[str, dict[str, str]] | None:
    try:
        deal.validate_for_opening(now)
    except DealInvalid as invalid:
        return invalid.error, {key: str(value) for key, value in invalid.values.items() if key != "error"}
    return None


def test_the_same_deals_are_refused_for_the_same_reason(escrow: Escrow) -> None:
    rng = Random(13)
    now = escrow.now()
    base = _openable(escrow, now)
    deals = [base, *(_spoiled(base, now, rng) for _ in range(600))]
    calls: list[tuple[str, list[Any], dict[str, str]]] = []
    for deal in deals:
        digest = deal.digest(samples.CHAIN_ID, escrow.address)
        signatures = [
            bytes.fromhex(account_signature(samples.signer(name).sign_digest(digest))[2:])
            for name in ("alice", "bob")
        ]
        calls.append(("open", [deal.as_abi(), *signatures, (0, b""), (0, b"")], {}))
    seen: set[str] = set()
    for deal, answer in zip(deals, escrow.call(calls), strict=True):
        name, values = escrow.error(answer)
        verdict = _verdict(deal, now)
        if name == "SignatureInvalid":
            # Another party than those who signed. The contract looks at the size of the lock only after that.
            assert {deal.buyer, deal.seller} != {base.buyer, base.seller}
            assert verdict is None or verdict[0] == "LockedTooLarge"
        elif verdict is None:
            # Nothing is wrong with the deal itself; the token, which is none, refuses the money.
            assert name == "FundingRefused", (name, values)
        else:
            assert verdict == (name, {key: str(value) for key, value in values.items()})
            seen.add(name)
    assert seen == RULES


# --------------------------------------------------------------- action digests

OPEN, DELIVERED, REJECTED, DISPUTED = 1, 2, 3, 4


class Place:
    """A deal that the escrow is told to have in some status, and the calls on it that end at a bad
    signature.
    """

    def __init__(self, escrow: Escrow, rng: Random) -> None:
        self.now = escrow.now()
        self.deal = _openable(escrow, self.now).model_copy(
            update={"nonce": rng.getrandbits(256), "cancel_by": FUTURE}
        )
        self.deal_id = self.deal.deal_id(samples.CHAIN_ID, escrow.address)
        self.position = _position(escrow, self.deal_id)

    def storage(self, status: int, deliveries: int) -> dict[str, str]:
        """The word of this status at milestone 0."""
        locked = self.deal.buyer_lock + self.deal.seller_bond
        word = status | deliveries << 16 | self.now << 48 | locked << 128
        return {state_slot(self.deal_id, self.position): Hash32.of(word.to_bytes(32, "big"))}


def _position(escrow: Escrow, deal_id: Hash32) -> int:
    word = Hash32.of((1).to_bytes(32, "big"))
    answers = escrow.call(
        [
            ("stateOf", [bytes.fromhex(deal_id[2:])], {state_slot(deal_id, position): word})
            for position in range(16)
        ]
    )
    found = [at for at, answer in enumerate(answers) if int(answer["result"][2:66], 16) == 1]
    assert len(found) == 1
    return found[0]


def _arguments(action: Action, names: tuple[str, ...]) -> list[Any]:
    values = [getattr(action, name) for name in names]
    return [
        bytes.fromhex(value[2:]) if isinstance(value, str) and len(value) == 66 else value for value in values
    ]


CALLS = {
    "parley/delivery": ("deliver", OPEN, ("milestone", "delivery", "deliverable")),
    "parley/receipt": ("settle", OPEN, ("milestone", "deliverable")),
    "parley/rejection": ("reject", DELIVERED, ("milestone", "delivery", "reason")),
    "parley/dispute": ("dispute", REJECTED, ("party", "milestone", "evidence")),
    "parley/ruling": ("rule", DISPUTED, ("milestone", "seller_bps", "rationale")),
    "parley/refund": ("refund", OPEN, ("party", "milestone")),
    "parley/cancellation": ("cancel", 0, ("party",)),
}


@pytest.mark.parametrize("schema", sorted(CALLS))
def test_actions_on_a_deal_have_the_same_digest(escrow: Escrow, schema: str) -> None:
    rng = Random(schema)
    function, status, names = CALLS[schema]
    calls, expected = [], []
    for _ in range(20):
        place = Place(escrow, rng) if not calls or rng.random() < 0.2 else place  # noqa: F821
        fields = {"deal_id": place.deal_id, "milestone": 0, "delivery": 1, "party": place.deal.seller}
        fields |= {"seller_bps": rng.randint(0, 10_000), "valid_until": rng.choice((FUTURE, place.now))}
        action = samples.random_action(schema, rng)
        action = action.model_copy(
            update={key: value for key, value in fields.items() if key in type(action).model_fields}
        )
        storage = place.storage(status, 0 if status == OPEN else 1) if status else {}
        given = [place.deal.as_abi(), *_arguments(action, (*names, "fee", "valid_until")), BAD]
        calls.append((function, given, storage))
        expected.append(Hash32.of(action.digest(samples.CHAIN_ID, escrow.address)))
    errors = [escrow.error(answer) for answer in escrow.call(calls)]
    assert [(name, values.get("digest")) for name, values in errors] == [
        ("SignatureInvalid", digest) for digest in expected
    ]


def test_splits_and_their_revocations_have_the_same_digest(escrow: Escrow) -> None:
    rng = Random(14)
    place = Place(escrow, rng)
    locked = place.deal.buyer_lock + place.deal.seller_bond
    calls, expected = [], []
    for _ in range(20):
        to_seller = rng.randint(0, locked)
        split = samples.random_action("parley/split", rng).model_copy(
            update={
                "deal_id": place.deal_id,
                "milestone": 0,
                "status": OPEN,
                "locked": locked,
                "to_arbiter": 0,
                "to_seller": to_seller,
                "to_buyer": locked - to_seller,
                "valid_until": FUTURE,
            }
        )
        digest = Hash32.of(split.digest(samples.CHAIN_ID, escrow.address))
        abi = split.as_abi()  # type: ignore[attr-defined]
        calls.append(("split", [place.deal.as_abi(), abi, BAD, BAD], place.storage(OPEN, 0)))
        expected.append(digest)
        revocation = samples.random_action("parley/split-revocation", rng).model_copy(
            update={"split": digest, "party": place.deal.buyer, "valid_until": FUTURE}
        )
        calls.append(("revokeSplit", [place.deal.as_abi(), abi, place.deal.buyer, FUTURE, BAD], {}))
        expected.append(Hash32.of(revocation.digest(samples.CHAIN_ID, escrow.address)))
    errors = [escrow.error(answer) for answer in escrow.call(calls)]
    assert [values.get("digest") for _, values in errors] == expected
    assert {name for name, _ in errors} == {"SignatureInvalid"}


def test_epochs_and_withdrawals_have_the_same_digest(escrow: Escrow) -> None:
    rng = Random(15)
    calls, expected = [], []
    for _ in range(20):
        epoch = samples.random_action("parley/epoch", rng).model_copy(
            update={"epoch": rng.randint(1, 2**53 - 1), "valid_until": FUTURE}
        )
        calls.append(("advanceEpoch", [*_arguments(epoch, ("party", "epoch", "valid_until")), BAD], {}))
        expected.append(Hash32.of(epoch.digest(samples.CHAIN_ID, escrow.address)))
        withdrawal = samples.random_action("parley/withdrawal", rng).model_copy(
            update={"amount": rng.randint(1, UINT128_MAX), "to": Address(CALLER), "valid_until": FUTURE}
        )
        order = ("token", "party", "to", "amount", "fee", "nonce", "valid_until")
        calls.append(("withdraw", [*_arguments(withdrawal, order), BAD], {}))
        expected.append(Hash32.of(withdrawal.digest(samples.CHAIN_ID, escrow.address)))
    errors = [escrow.error(answer) for answer in escrow.call(calls)]
    assert {name for name, _ in errors} == {"SignatureInvalid"}, errors
    assert [values.get("digest") for _, values in errors] == expected
