"""An escrow in memory: enough of its rules to open deals, take deliveries and receipts, and refuse with its
own errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode, encode
from fake_chain import FakeChain, FakeLog, FakeTransaction, escrow_log

from parley.chain.abi import interface
from parley.chain.artifacts import artifact
from parley.chain.contract_error import ContractError
from parley.chain.create2 import second_half
from parley.chain.escrow import BATCHES, Status
from parley.chain.escrow_errors import FundingRefused, WrongStatus
from parley.chain.patches import items_of
from parley.terms.actions import receive_authorization_digest
from parley.terms.deal import Deal, Milestone
from parley.terms.eip712 import escrow_domain
from parley.terms.signing import LocalSigner, account_signature
from parley.terms.values import ZERO_ADDRESS, ZERO_HASH, Address, Hash32, keccak

CHAIN_ID = 31_337
TOKEN = "0x" + "70" * 20
SEPARATOR = b"\x5e" * 32
WALLET = "0x" + "3a" * 20
"""A contract account: it accepts any signature that begins with 0x1271."""


def _batch(data: bytes) -> tuple[str, list[Any]] | None:
    """What a batch runs, and the arguments of each item; nothing where this is no batch."""
    contract = interface("IEscrow")
    batch = contract.function("patchBatch")
    if data[:4] != batch.selector:
        return None
    selector, count, size, patches = decode(list(batch.inputs), data[4:])
    single = next(name for name in BATCHES if contract.function(name).selector == selector)
    inputs = list(contract.function(single).inputs)
    return single, [decode(inputs, body) for body in items_of(count, size, patches)]


def _encoded(error: ContractError) -> bytes:
    return error.selector + encode(list(error.types), list(error.arguments.values()))


class FakeEscrow(FakeChain):
    """Keeps nothing but the blocks: the state of a deal is what the logs on the canonical chain say."""

    def __init__(self) -> None:
        super().__init__()
        self.money: dict[str, int] = {}
        self.allowed: dict[str, int] = {}
        self.internal: dict[str, int] = {}
        self.epochs: dict[str, int] = {}
        self.without_code: set[str] = set()
        self.effects = self._effects
        self.simulated: list[str] = []

    # ------------------------------------------------------------------- rules

    def state(self, deal_id: str) -> Status:
        names = [
            event.name
            for block in self.blocks
            for _, log in block.logs
            if (event := interface("IEscrow").events[log.topics[0]]) and log.topics[1] == deal_id
        ]
        last = names[-1] if names else ""
        return {
            "": Status.UNOPENED,
            "Opened": Status.OPEN,
            "Delivered": Status.DELIVERED,
            "Cancelled": Status.CANCELLED,
        }.get(last, Status.CLOSED)

    def _effects(self, transaction: FakeTransaction) -> list[FakeLog]:
        found = self.run(transaction.to, bytes.fromhex(transaction.data[2:]))
        if isinstance(found, ContractError):
            self.reverting.add(transaction.data)
            return []
        return found

    def run(self, to: str, data: bytes) -> list[FakeLog] | ContractError:
        """The logs of a call, or why it reverts."""
        if to != self.ESCROW:
            return []
        batch = _batch(data)
        if batch is not None:
            return self._each(*batch)[0]
        function = next(f for f in interface("IEscrow").functions.values() if f.selector == data[:4])
        arguments = decode(list(function.inputs), data[4:])
        deal = Deal.from_abi(arguments[0])
        deal_id = deal.deal_id(CHAIN_ID, Address(self.ESCROW))
        status = self.state(deal_id)
        key = bytes.fromhex(deal_id[2:])
        if function.name == "open":
            if status is not Status.UNOPENED:
                return WrongStatus(key, int(status), data=b"x")
            if self.money.get(deal.buyer, 0) < deal.buyer_lock:
                return FundingRefused(deal.token, deal.buyer, deal.buyer_lock, data=b"x")
            locked = deal.buyer_lock + deal.seller_bond
            return [
                escrow_log(
                    "Opened",
                    dealId=deal_id,
                    buyer=deal.buyer,
                    seller=deal.seller,
                    token=deal.token,
                    price=deal.price,
                    locked=locked,
                    transcriptRoot=deal.transcript_root,
                )
            ]
        if function.name == "cancel" and status is Status.UNOPENED:
            return [escrow_log("Cancelled", dealId=deal_id, party=arguments[1])]
        if status in (Status.UNOPENED, Status.CLOSED, Status.CANCELLED):
            return WrongStatus(key, int(status), data=b"x")
        if function.name == "deliver":
            return [
                escrow_log(
                    "Delivered",
                    dealId=deal_id,
                    milestone=arguments[1],
                    delivery=arguments[2],
                    deliverable="0x" + arguments[3].hex(),
                )
            ]
        return [
            escrow_log(
                "Settled",
                dealId=deal_id,
                milestone=0,
                how=0,
                paid=deal.price,
                remaining=0,
                deliverable=ZERO_HASH,
            )
        ]

    def _each(self, single: str, items: Any) -> tuple[list[FakeLog], list[tuple[int, bytes]]]:
        """Each item by itself: the logs of all, and which failed with what."""
        logs: list[FakeLog] = []
        failed: list[tuple[int, bytes]] = []
        for place, item in enumerate(items):
            found = self.run(self.ESCROW, interface("IEscrow").function(single).call(*item))
            if not isinstance(found, ContractError):
                logs += found
                continue
            reason = _encoded(found)
            if isinstance(found, WrongStatus) and single == "open":
                continue  # it is open already: what was wanted
            failed.append((place, reason))
            logs.append(escrow_log("ItemFailed", index=place, reason=reason))
        return logs, failed

    # ---------------------------------------------------------------- JSON-RPC

    def eth_estimateGas(self, request: dict[str, Any], _tag: str) -> Any:  # noqa: N802 - the name on the wire
        self.simulated.append(request["data"][:10])
        refusal = self._refusal(request)
        return hex(100_000) if refusal is None else refusal

    def _refusal(self, request: dict[str, Any]) -> dict[str, Any] | None:
        found = self.run(request["to"], bytes.fromhex(request["data"][2:]))
        if not isinstance(found, ContractError):
            return None
        raw = _encoded(found)
        return {"error": {"code": 3, "message": "execution reverted", "data": "0x" + raw.hex()}}

    def eth_getTransactionReceipt(self, transaction: str) -> Any:  # noqa: N802 - the name on the wire
        found = super().eth_getTransactionReceipt(transaction)
        if found is not None:
            block = next(b for b in self.blocks if b.hash == found["blockHash"])
            found["logs"] = [log for log in self._logs(block) if log["transactionHash"] == transaction]
        return found

    def eth_getCode(self, address: str, _tag: str) -> str:  # noqa: N802
        if address in self.without_code:
            return "0x"
        shipped = {self.ESCROW: "Escrow", second_half(self.ESCROW): "EscrowActions"}
        if address in shipped:
            return "0x" + artifact(shipped[address]).deployed_bytecode.hex()
        return "0x6000" if address in (TOKEN, WALLET) else "0x"

    def eth_call(self, request: dict[str, Any], _tag: str) -> Any:
        data = bytes.fromhex(request["data"][2:])
        if request["to"] == WALLET:
            _, signature = decode(["bytes32", "bytes"], data[4:])
            answer = data[:4] if signature[:2] == b"\x12\x71" else b"\0" * 4
            return "0x" + answer.hex() + "00" * 28
        batch = _batch(data)
        if batch is not None:
            outputs = list(interface("IEscrow").function("patchBatch").outputs)
            return "0x" + encode(outputs, [self._each(*batch)[1]]).hex()
        if "from" in request:  # a simulation, or a transaction that was mined, repeated in its sender's name
            self.simulated.append(request["data"][:10])
            return self._refusal(request) or "0x"
        name, values = self._view(request["to"], data)
        return "0x" + encode([name], [values]).hex()

    def _view(self, to: str, data: bytes) -> tuple[str, Any]:
        if to == TOKEN:
            functions = interface("PaymentToken").functions
            function = next(f for f in functions.values() if f.selector == data[:4])
            arguments = decode(list(function.inputs), data[4:])
            if function.name == "DOMAIN_SEPARATOR":
                return "bytes32", SEPARATOR
            source = self.money if function.name == "balanceOf" else self.allowed
            return "uint256", source.get(arguments[0], 0)
        function = next(f for f in interface("IEscrow").functions.values() if f.selector == data[:4])
        arguments = decode(list(function.inputs), data[4:])
        if function.name == "stateOf":
            status = self.state("0x" + arguments[0].hex())
            return function.outputs[0], (int(status), 0, 0, 0, 0, 0, 0)
        if function.name == "epochOf":
            return "uint64", self.epochs.get(arguments[0], 0)
        if function.name == "domainSeparator":
            return "bytes32", escrow_domain(CHAIN_ID, Address(self.ESCROW))
        return function.outputs[0], (self.internal.get(arguments[1], 0), 0, 0, 0, 0, 0, 0)


@dataclass
class Signed:
    deal: Deal
    deal_id: Hash32
    buyer: str
    seller: str


class Market:
    """Two parties with money, and deals between them."""

    def __init__(self, chain: FakeEscrow) -> None:
        self.chain = chain
        self.buyer, self.seller = LocalSigner(b"\1" * 32), LocalSigner(b"\2" * 32)
        for signer in (self.buyer, self.seller):
            chain.money[signer.address] = chain.allowed[signer.address] = 10_000

    def deal(self, nonce: int = 1, **changes: Any) -> Deal:
        now = self.chain.blocks[-1].timestamp
        values: dict[str, Any] = {
            "buyer": self.buyer.address,
            "seller": self.seller.address,
            "arbiter": ZERO_ADDRESS,
            "relayer": ZERO_ADDRESS,
            "token": Address(TOKEN),
            "price": 1000,
            "seller_bond": 100,
            "arbiter_fee": 0,
            "relay_fee": 0,
            "open_by": now + 600,
            "cancel_by": 0,
            "review_window": 60,
            "dispute_window": 60,
            "ruling_window": 60,
            "rejected_seller_bps": 0,
            "lapsed_seller_bps": 5000,
            "walk_away_bps": 5000,
            "payout": 0,
            "milestones": (Milestone(amount=1000, deliver_by=now + 1000),),
            "terms_hash": Hash32("0x" + "11" * 32),
            "transcript_root": Hash32("0x" + "22" * 32),
            "transcript_length": 3,
            "bundle": ZERO_HASH,
            "amends": ZERO_HASH,
            "amends_milestone": 0,
            "amends_locked": 0,
            "buyer_epoch": 0,
            "seller_epoch": 0,
            "nonce": nonce,
        }
        return Deal(**{**values, **changes})

    def sign(self, deal: Deal) -> Signed:
        deal_id = deal.deal_id(CHAIN_ID, Address(FakeEscrow.ESCROW))
        digest = bytes.fromhex(deal_id[2:])
        return Signed(
            deal,
            deal_id,
            account_signature(self.buyer.sign_digest(digest)),
            account_signature(self.seller.sign_digest(digest)),
        )

    def signed(self, nonce: int = 1, **changes: Any) -> Signed:
        return self.sign(self.deal(nonce, **changes))

    def action(self, action: Any, signer: LocalSigner) -> str:
        return account_signature(signer.sign_digest(action.digest(CHAIN_ID, Address(FakeEscrow.ESCROW))))

    def authorization(self, deal: Deal, signer: LocalSigner, value: int) -> str:
        deal_id = deal.deal_id(CHAIN_ID, Address(FakeEscrow.ESCROW))
        digest = receive_authorization_digest(
            SEPARATOR, signer.address, Address(FakeEscrow.ESCROW), value, 0, deal.open_by + 1, deal_id
        )
        return signer.sign_digest(digest)


def text_hash(text: str) -> Hash32:
    return Hash32.of(keccak(text.encode()))
