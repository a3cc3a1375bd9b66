"""What the chain says about a deal before it opens, asked in one request: state, epochs, token, time, money,
and whether the call that opens it would be refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parley.chain import answers
from parley.chain.abi import Function
from parley.chain.contract_error import ContractError
from parley.chain.escrow import Account, Call, DealState, EscrowContract, FundingKind, Status
from parley.chain.token import TokenContract
from parley.settlement.payments import Available, Need
from parley.terms.deal import Deal
from parley.terms.funding import PERMIT2


@dataclass(frozen=True, slots=True)
class Look:
    """`now` is the newest block's time (unix seconds); epochs and money are buyer's and seller's, in this
    order. `tried` is the call that was tried with it, if any, and `refused` what refuses that.
    """

    now: int
    status: Status
    epochs: tuple[int, int]
    token_exists: bool
    available: tuple[Available, Available]
    tried: Call | None = None
    refused: ContractError | None = None


def look(
    escrow: EscrowContract,
    deal: Deal,
    deal_id: str,
    due: tuple[Need, Need],
    trial: tuple[Call, str] | None = None,
) -> Look:
    """Ask the node; `trial` is a call, and who would send it, to be tried against what is pending. Raises its
    errors, and `ContractError` when the token itself refuses a question.
    """
    token = TokenContract(escrow.node, deal.token)
    views: list[tuple[str, Function, tuple[Any, ...]]] = [
        (escrow.address, escrow.interface.function("stateOf"), (bytes.fromhex(deal_id[2:]),))
    ]
    for party, need in ((deal.buyer, due[0]), (deal.seller, due[1])):
        spender = PERMIT2 if need.kind is FundingKind.PERMIT2 else escrow.address
        views += [
            (escrow.address, escrow.interface.function("epochOf"), (party,)),
            (escrow.address, escrow.interface.function("accountOf"), (deal.token, party)),
            (token.address, token.interface.function("balanceOf"), (party,)),
            (token.address, token.interface.function("allowance"), (party, spender)),
        ]
    asked: list[tuple[str, tuple[Any, ...]]] = [
        ("eth_getBlockByNumber", ("latest", False)),
        ("eth_getCode", (deal.token, "latest")),
    ]
    for to, function, arguments in views:
        call = {"to": to, "data": "0x" + function.call(*arguments).hex()}
        asked.append(("eth_call", (call, "latest")))
    if trial is not None:
        asked.append(escrow.node.asking(trial[0].to, trial[0].data, sender=trial[1], block="pending"))
    found_all = escrow.node.gather_each(asked)
    tried = found_all.pop() if trial is not None else None
    for each in found_all:
        if isinstance(each, ContractError):
            raise each
    block, code, *results = found_all
    token_exists = bool(answers.data(code, "code"))
    found: list[Any] = []
    for (to, function, _), result in zip(views, results, strict=True):
        data = answers.data(result, "call data")
        found.append(0 if to == token.address and not token_exists else function.answer(data)[0])
    word, *sides = found
    newest = answers.block(block)
    escrow.node.saw(newest)
    return Look(
        now=newest.timestamp,
        status=DealState(Status(word[0]), *word[1:]).status,
        epochs=(sides[0], sides[4]),
        token_exists=token_exists,
        available=(_available(due[0], *sides[1:4]), _available(due[1], *sides[5:8])),
        tried=None if trial is None else trial[0],
        refused=tried if isinstance(tried, ContractError) else None,
    )


def _available(need: Need, account: Any, held: int, allowed: int) -> Available:
    if need.amount == 0:
        return Available("nothing", 0)
    if need.kind is FundingKind.BALANCE:
        return Available("balance", Account(*account).balance)
    if need.kind is FundingKind.ALLOWANCE and allowed < held:
        return Available("allowance", allowed)
    if need.kind is FundingKind.PERMIT2 and allowed < held:
        return Available("allowance to Permit2", allowed)
    return Available("token", held)
