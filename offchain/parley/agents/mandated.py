"""An agent's key that signs for a principal, within the mandate it was given and not beyond."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from parley.agents.errors import GuardRefused
from parley.terms.actions import (
    Action,
    Cancellation,
    Delivery,
    Dispute,
    Mandate,
    Receipt,
    Refund,
    Rejection,
    Split,
    SplitRevocation,
)
from parley.terms.deal import Deal
from parley.terms.deal_rules import INSTANT
from parley.terms.mandates import Act, Role, mandate_signature, uncovered
from parley.terms.signing import Signer, account_signature
from parley.terms.values import ZERO_HASH, Address

ACTS: Final[Mapping[type[Action], Act]] = {
    Delivery: Act.DELIVERY,
    Receipt: Act.RECEIPT,
    Rejection: Act.REJECTION,
    Dispute: Act.DISPUTE,
    Refund: Act.LEAVE,
    Cancellation: Act.LEAVE,
    Split: Act.SPLIT,
    SplitRevocation: Act.SPLIT,
}
"""What a mandate must allow for an agent to sign these."""


class MandatedKey:
    """`of_principal` is the principal's signature over the mandate, kind byte first. Budget, epoch and
    revocation are the chain's to check; everything else is refused here first.
    """

    def __init__(
        self,
        signer: Signer,
        mandate: Mandate,
        of_principal: str,
        *,
        chain_id: int,
        escrow: Address,
        clock: Callable[[], int],
    ) -> None:
        if signer.address != mandate.agent:
            raise GuardRefused("the mandate was given to another key", agent=mandate.agent)
        self.__signer = signer
        self.mandate = mandate
        self._of_principal = of_principal
        self._chain_id = chain_id
        self._escrow = escrow
        self._clock = clock

    @property
    def address(self) -> Address:
        return self.__signer.address

    def __repr__(self) -> str:
        return f"MandatedKey({self.address} for {self.mandate.principal})"

    def sign_deal(self, deal: Deal) -> str:
        """The principal's side of a deal, as the escrow takes it. Raises GuardRefused."""
        act = Act.AMEND if deal.amends != ZERO_HASH else Act.OPEN
        if deal.payout >= INSTANT and self.mandate.role == Role.BUY:
            act |= Act.RECEIPT
        return self._sign(deal, act, deal.digest(self._chain_id, self._escrow))

    def sign_action(self, deal: Deal, action: Action) -> str:
        """An action of the principal on a deal of its. Raises GuardRefused."""
        act = ACTS.get(type(action))
        if act is None:
            raise GuardRefused("no mandate covers this action", action=type(action).__name__)
        if getattr(action, "deal_id", None) not in (None, deal.deal_id(self._chain_id, self._escrow)):
            raise GuardRefused("the action is on another deal", deal_id=getattr(action, "deal_id", None))
        if getattr(action, "party", self.mandate.principal) != self.mandate.principal:
            raise GuardRefused("the action names another party", party=getattr(action, "party", None))
        return self._sign(deal, act, action.digest(self._chain_id, self._escrow))

    def _sign(self, deal: Deal, act: Act, digest: bytes) -> str:
        problems = uncovered(self.mandate, deal, act, self._clock())
        if problems:
            raise GuardRefused("the mandate does not cover this", problems=list(problems))
        return mandate_signature(
            self.mandate, self._of_principal, account_signature(self.__signer.sign_digest(digest))
        )
