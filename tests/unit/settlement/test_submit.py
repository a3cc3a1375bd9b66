"""Submitting a deal: everything that could revert is refused before anything is kept; the rest is kept
once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fake_escrow import TOKEN, WALLET, FakeEscrow, Market

from parley.chain.contract_error import ContractError
from parley.chain.errors import NodeUnreachable
from parley.chain.escrow import FundingKind
from parley.chain.escrow_errors import FundingRefused, WrongStatus
from parley.errors import ParleyError
from parley.settlement import Settlement
from parley.settlement.errors import (
    DealUnknown,
    EpochStale,
    FundingMissing,
    SignatureMissing,
    SignatureRefused,
    TokenMissing,
)
from parley.settlement.models import FAILED, PENDING
from parley.store import EventStore, StoreFull
from parley.terms.errors import DealInvalid
from parley.terms.signing import LocalSigner, account_signature
from parley.terms.values import Address, Hash32


def run(settlement: Settlement, ticks: int = 12) -> None:
    for _ in range(ticks):
        settlement.tick()


def opened_on(chain: FakeEscrow, deal_id: str) -> int:
    return sum(log.topics[1] == deal_id for block in chain.blocks for _, log in block.logs)


def test_a_signed_deal_is_accepted_sent_and_open_once_indexed(
    settlement: Settlement, market: Market, chain: FakeEscrow, store: EventStore
) -> None:
    signed = market.signed()
    accepted = settlement.submit(signed.deal, signed.buyer, signed.seller, negotiation="n1")
    assert (accepted.status, accepted.duplicate, accepted.deal_id) == (PENDING, False, signed.deal_id)
    assert store.deals.get(signed.deal_id).status == PENDING  # type: ignore[union-attr]
    settlement.sender.tick()
    assert opened_on(chain, signed.deal_id) == 1
    assert settlement.deal(signed.deal_id).status == PENDING, "only the indexer says that it is open"
    run(settlement)
    view = settlement.deal(signed.deal_id)
    assert (view.status, view.chain.locked, view.submitted.negotiation) == ("open", 1100, "n1")
    assert [(sent.purpose, sent.status) for sent in view.transactions] == [("open", "confirmed")]
    assert [deal.deal_id for deal in settlement.of_negotiation("n1")] == [signed.deal_id]
    assert dict(store.deals.get(signed.deal_id).parties) == {  # type: ignore[union-attr]
        "buyer": market.buyer.address,
        "seller": market.seller.address,
    }


def test_the_same_deal_again_is_the_first_one(
    settlement: Settlement, market: Market, chain: FakeEscrow
) -> None:
    signed = market.signed()
    settlement.submit(signed.deal, signed.buyer, signed.seller)
    assert settlement.submit(signed.deal, signed.buyer, signed.seller).duplicate
    run(settlement)
    later = settlement.submit(signed.deal, signed.buyer, signed.seller)
    assert (later.duplicate, later.status) == (True, "open")
    run(settlement)
    assert opened_on(chain, signed.deal_id) == 1
    assert len(chain.accepted) == 1


def stranger(signed: Any) -> str:
    return account_signature(LocalSigner(b"\x0b" * 32).sign_digest(bytes.fromhex(signed.deal_id[2:])))


def high_s(signature: str) -> str:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    raw = bytes.fromhex(signature[4:])
    s = order - int.from_bytes(raw[32:64], "big")
    return "0x00" + (raw[:32] + s.to_bytes(32, "big") + bytes((55 - raw[64],))).hex()


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda s: "0x", SignatureMissing),
        (lambda s: "", SignatureRefused),
        (lambda s: "0x0", SignatureRefused),
        (lambda s: "0xzz", SignatureRefused),
        (lambda s: "0x01" + s.buyer[4:], SignatureRefused),
        (lambda s: "0x" + s.buyer[4:], SignatureRefused),
        (lambda s: s.buyer[:-2], SignatureRefused),
        (lambda s: s.buyer[:-2] + "00", SignatureRefused),
        (lambda s: s.seller, SignatureRefused),
        (lambda s: high_s(s.buyer), SignatureRefused),
        (stranger, SignatureRefused),
        (lambda s: "0x00" + "ff" * 9000, SignatureRefused),
    ],
    ids=[
        "none",
        "empty",
        "half a byte",
        "not hex",
        "mandate",
        "no kind",
        "short",
        "v 0",
        "swapped",
        "high s",
        "stranger",
        "huge",
    ],
)
def test_a_bad_signature_is_refused_and_nothing_is_kept(
    settlement: Settlement,
    market: Market,
    store: EventStore,
    spoil: Callable[[Any], str],
    error: type[ParleyError],
) -> None:
    signed = market.signed()
    with pytest.raises(error):
        settlement.submit(signed.deal, spoil(signed), signed.seller)
    assert store.last_position() == 0
    assert settlement.submitted(signed.deal_id) is None
    with pytest.raises(DealUnknown):
        settlement.deal(signed.deal_id)


def test_the_compact_form_of_a_signature_is_taken(settlement: Settlement, market: Market) -> None:
    signed = market.signed()
    raw = bytes.fromhex(signed.buyer[4:])
    s = int.from_bytes(raw[32:64], "big") | (raw[64] - 27) << 255
    compact = "0x00" + (raw[:32] + s.to_bytes(32, "big")).hex()
    assert settlement.submit(signed.deal, compact, signed.seller).status == PENDING


def test_a_contract_account_signs_by_its_own_rules(
    settlement: Settlement, market: Market, chain: FakeEscrow
) -> None:
    chain.money[WALLET] = chain.allowed[WALLET] = 5000
    deal = market.deal(buyer=Address(WALLET))
    signed = market.sign(deal)
    with pytest.raises(SignatureRefused):
        settlement.submit(deal, "0x00abcd", signed.seller)
    assert settlement.submit(deal, "0x001271ff", signed.seller).status == PENDING


def test_an_authorisation_pays_and_consents(
    settlement: Settlement, market: Market, chain: FakeEscrow
) -> None:
    chain.allowed.clear()
    deal = market.deal(relay_fee=7)
    signed = market.sign(deal)
    for value in (1000, 1006, 1008):
        with pytest.raises(SignatureRefused):
            settlement.submit(
                deal,
                "0x",
                signed.seller,
                market.authorization(deal, market.buyer, value),
                seller_authorization=None,
            )
    accepted = settlement.submit(
        deal,
        "0x",
        "0x",
        market.authorization(deal, market.buyer, 1007),
        market.authorization(deal, market.seller, 100),
    )
    assert (accepted.buyer_funding, accepted.seller_funding) == (
        FundingKind.AUTHORIZATION,
        FundingKind.AUTHORIZATION,
    )
    run(settlement)
    assert settlement.deal(signed.deal_id).status == "open"


@pytest.mark.parametrize(
    ("money", "allowed", "source", "missing"),
    [(999, 10_000, "token", "1"), (10_000, 400, "allowance", "600"), (0, 0, "token", "1000")],
)
def test_a_side_that_cannot_pay_is_refused(
    settlement: Settlement,
    market: Market,
    chain: FakeEscrow,
    money: int,
    allowed: int,
    source: str,
    missing: str,
) -> None:
    chain.money[market.buyer.address], chain.allowed[market.buyer.address] = money, allowed
    signed = market.signed()
    with pytest.raises(FundingMissing) as caught:
        settlement.submit(signed.deal, signed.buyer, signed.seller)
    values = caught.value.values
    assert (values["source"], values["missing"], values["account"]) == (source, missing, market.buyer.address)
    assert caught.value.retryable


def test_the_internal_balance_counts_where_it_is_named(
    settlement: Settlement, market: Market, chain: FakeEscrow
) -> None:
    signed = market.signed()
    with pytest.raises(FundingMissing) as caught:
        settlement.submit(signed.deal, signed.buyer, signed.seller, seller_funding=FundingKind.BALANCE)
    assert caught.value.values["source"] == "balance"
    chain.internal[market.seller.address] = 100
    settlement.submit(signed.deal, signed.buyer, signed.seller, seller_funding=FundingKind.BALANCE)


def test_money_promised_to_deals_on_their_way_is_not_promised_again(
    settlement: Settlement, market: Market, chain: FakeEscrow
) -> None:
    chain.allowed[market.buyer.address] = 2500
    first, second, third = (market.signed(nonce) for nonce in (1, 2, 3))
    for signed in (first, second):
        settlement.submit(signed.deal, signed.buyer, signed.seller)
    with pytest.raises(FundingMissing) as caught:
        settlement.submit(third.deal, third.buyer, third.seller)
    assert (caught.value.values["promised"], caught.value.values["missing"]) == ("2000", "500")
    run(settlement)
    # Both are open: what they took is no longer promised but paid.
    chain.allowed[market.buyer.address] = 1000
    assert settlement.submit(third.deal, third.buyer, third.seller).status == PENDING


def test_rules_of_the_contract_are_refused_offline(
    settlement: Settlement, market: Market, chain: FakeEscrow
) -> None:
    wrong = market.deal(price=999)
    with pytest.raises(DealInvalid):
        settlement.check(wrong)
    with pytest.raises(DealInvalid):
        settlement.submit(wrong, "0x00", "0x00")
    assert chain.simulated == []
    late = market.deal(open_by=chain.blocks[-1].timestamp - 1)  # which the chain's own time tells
    with pytest.raises(DealInvalid):
        settlement.submit(late, "0x00", "0x00")


def test_a_stale_epoch_is_refused(settlement: Settlement, market: Market, chain: FakeEscrow) -> None:
    chain.epochs[market.seller.address] = 3
    signed = market.signed()
    with pytest.raises(EpochStale) as caught:
        settlement.submit(signed.deal, signed.buyer, signed.seller)
    assert (caught.value.values["signed"], caught.value.values["current"]) == (0, 3)
    settlement.check(market.deal(seller_epoch=3))


def test_a_token_that_is_not_there_is_refused(
    settlement: Settlement, market: Market, chain: FakeEscrow
) -> None:
    chain.without_code.add(TOKEN)
    signed = market.signed()
    with pytest.raises(TokenMissing):
        settlement.submit(signed.deal, signed.buyer, signed.seller)


def test_what_only_the_contract_knows_comes_from_the_simulation(
    settlement: Settlement, market: Market, chain: FakeEscrow, store: EventStore
) -> None:
    signed = market.signed()
    refusal = (
        FundingRefused.selector.hex()
        + "00" * 12
        + TOKEN[2:]
        + "00" * 12
        + market.buyer.address[2:]
        + "00" * 31
        + "01"
    )
    refused = {"error": {"code": 3, "message": "execution reverted", "data": "0x" + refusal}}
    chain.before["eth_call"] = lambda params: refused if "from" in params[0] else None
    with pytest.raises(FundingRefused) as caught:
        settlement.submit(signed.deal, signed.buyer, signed.seller)
    assert caught.value.arguments == {"token": TOKEN, "from": market.buyer.address, "amount": 1}
    assert store.last_position() == 0


def test_a_cancelled_deal_cannot_be_submitted(
    settlement: Settlement, market: Market, chain: FakeEscrow
) -> None:
    from fake_chain import escrow_log

    signed = market.signed()
    chain.mine(escrow_log("Cancelled", dealId=signed.deal_id, party=market.buyer.address))
    with pytest.raises(WrongStatus):
        settlement.submit(signed.deal, signed.buyer, signed.seller)


def test_a_deal_that_someone_opened_is_taken_over(
    settlement: Settlement, market: Market, chain: FakeEscrow
) -> None:
    signed = market.signed()
    call = settlement.escrow.open(signed.deal, signed.buyer, signed.seller, *[_allowance()] * 2)
    chain.mine(*chain.run(call.to, call.data))  # type: ignore[misc]
    accepted = settlement.submit(signed.deal)
    assert accepted.deal_id == signed.deal_id
    run(settlement)
    assert settlement.deal(signed.deal_id).status == "open"
    assert chain.accepted == [], "nothing was sent"


def _allowance() -> Any:
    from parley.chain.escrow import Funding

    return Funding()


def test_with_the_node_down_a_submission_is_refused_and_can_be_repeated(
    settlement: Settlement, market: Market, chain: FakeEscrow, store: EventStore
) -> None:
    signed = market.signed()
    chain.down()
    with pytest.raises(NodeUnreachable) as caught:
        settlement.submit(signed.deal, signed.buyer, signed.seller)
    assert caught.value.retryable
    assert store.last_position() == 0
    chain.up()
    settlement.submit(signed.deal, signed.buyer, signed.seller)
    chain.down()
    with pytest.raises(NodeUnreachable):
        settlement.tick()
    assert settlement.deal(signed.deal_id).status == PENDING, "reading needs no node"
    chain.up()
    run(settlement)
    assert settlement.deal(signed.deal_id).status == "open"


def test_a_full_disk_refuses_and_keeps_nothing(
    settlement: Settlement, market: Market, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_work: Any) -> Any:
        raise StoreFull("full")

    signed = market.signed()
    with monkeypatch.context() as patch:
        patch.setattr(store, "transact", full)
        with pytest.raises(StoreFull):
            settlement.submit(signed.deal, signed.buyer, signed.seller)
    assert settlement.submitted(signed.deal_id) is None
    assert not settlement.submit(signed.deal, signed.buyer, signed.seller).duplicate


def test_an_opening_that_fails_later_is_said_and_can_be_repeated(
    settlement: Settlement, market: Market, chain: FakeEscrow, store: EventStore, clock: Any
) -> None:
    signed = market.signed()
    settlement.submit(signed.deal, signed.buyer, signed.seller)
    clock.now += 60  # the simulation is no longer fresh when the transaction is signed
    chain.money[market.buyer.address] = 0
    run(settlement)
    view = settlement.deal(signed.deal_id)
    assert (view.status, view.error["code"]) == (FAILED, "contract.funding-refused")  # type: ignore[index]
    assert store.deals.get(signed.deal_id).status == FAILED  # type: ignore[union-attr]
    assert "submit" in [action.name for action in view.next_actions("buyer", chain.blocks[-1].timestamp)]
    assert chain.accepted == []
    chain.money[market.buyer.address] = 5000
    assert not settlement.submit(signed.deal, signed.buyer, signed.seller).duplicate
    run(settlement)
    view = settlement.deal(signed.deal_id)
    assert (view.status, view.error) == ("open", None)


def test_someone_else_opening_it_first_is_no_failure(
    settlement: Settlement, market: Market, chain: FakeEscrow, clock: Any
) -> None:
    signed = market.signed()
    settlement.submit(signed.deal, signed.buyer, signed.seller)
    call = settlement.escrow.open(signed.deal, signed.buyer, signed.seller, _allowance(), _allowance())
    chain.mine(*chain.run(call.to, call.data))  # type: ignore[misc]
    clock.now += 60
    run(settlement)
    assert settlement.deal(signed.deal_id).status == "open"
    assert chain.accepted == []


def test_a_foreign_opening_that_is_reorganised_away_is_made_again(
    settlement: Settlement, market: Market, chain: FakeEscrow, clock: Any
) -> None:
    signed = market.signed()
    settlement.submit(signed.deal, signed.buyer, signed.seller)
    call = settlement.escrow.open(signed.deal, signed.buyer, signed.seller, _allowance(), _allowance())
    chain.mine(*chain.run(call.to, call.data))  # type: ignore[misc]
    clock.now += 60
    run(settlement)
    chain.reorg(1)
    chain.mine()
    chain.mine()
    run(settlement)
    assert settlement.deal(signed.deal_id).status == "open"
    assert len(chain.accepted) == 1


def test_an_own_opening_that_is_reorganised_away_is_made_again(
    settlement: Settlement, market: Market, chain: FakeEscrow
) -> None:
    signed = market.signed()
    settlement.submit(signed.deal, signed.buyer, signed.seller)
    run(settlement)
    chain.reorg(1)
    chain.mine()
    chain.mine()
    settlement.indexer.catch_up()
    assert settlement.deal(signed.deal_id).status == PENDING
    run(settlement)
    assert settlement.deal(signed.deal_id).status == "open"
    assert opened_on(chain, signed.deal_id) == 1


@pytest.mark.parametrize("died_after", range(24))
def test_a_restart_at_any_question_opens_once(
    settlement: Settlement,
    market: Market,
    chain: FakeEscrow,
    again: Callable[[], Settlement],
    died_after: int,
) -> None:
    signed = market.signed()
    left = died_after

    def die(_params: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise NodeUnreachable("killed")
        return None

    for name in [name for name in dir(chain) if name.startswith("eth_")]:
        chain.before[name] = die
    try:
        settlement.submit(signed.deal, signed.buyer, signed.seller)
        run(settlement, 3)
    except NodeUnreachable:
        pass
    chain.up()
    restarted = again()
    restarted.submit(signed.deal, signed.buyer, signed.seller)
    run(restarted)
    assert restarted.deal(signed.deal_id).status == "open"
    assert opened_on(chain, signed.deal_id) == 1
    assert len(chain.accepted) == 1


def test_a_deal_id_that_nobody_submitted_is_unknown(settlement: Settlement) -> None:
    with pytest.raises(DealUnknown):
        settlement.deal(Hash32("0x" + "00" * 32))


def test_refusals_are_typed_all_the_way() -> None:
    assert issubclass(ContractError, ParleyError)
