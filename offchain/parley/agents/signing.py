"""After the agreement: the seller signs its side, the buyer checks it, signs last and funds."""

from __future__ import annotations

from collections.abc import Callable

from parley.agents.channel import DealOffer
from parley.agents.client import GatewayClient
from parley.agents.conduct import Report
from parley.agents.errors import AgentError, GatewayProblem, GuardRefused
from parley.agents.journal import SignedDeal
from parley.agents.session import NegotiationSession
from parley.agents.wallet import Wallet
from parley.errors import ParleyError
from parley.policy.errors import BudgetExceeded
from parley.terms.errors import TermsError
from parley.terms.payloads import Award
from parley.terms.signing import ACCOUNT_KIND, check_signature
from parley.terms.values import Address, Hash32, Signature


class SellerSignatureInvalid(AgentError):
    """What came as the seller's signature is not one over the deal that both sides derived."""

    code = "agent.seller-signature-invalid"
    status = 422
    next_action = "Do not sign; keep the transcript as proof that the seller agreed and did not sign."


def check_seller(deal_id: Hash32, seller: Address, signature: str) -> None:
    """Raises SellerSignatureInvalid unless the account itself signed the deal id."""
    if not signature.startswith("0x" + ACCOUNT_KIND):
        raise SellerSignatureInvalid("the signature is not the account's own", deal_id=deal_id)
    try:
        body = Signature("0x" + signature[2 + len(ACCOUNT_KIND) :])
        check_signature(bytes.fromhex(deal_id[2:]), body, seller)
    except TermsError as error:
        raise SellerSignatureInvalid(f"the seller's signature: {error.message}", deal_id=deal_id) from error


class DealSigning:
    """Signs the deals of agreed negotiations through a gateway, each side once."""

    def __init__(self, client: GatewayClient, wallet: Wallet, watch: Callable[[Report], None]) -> None:
        self._client = client
        self._wallet = wallet
        self._watch = watch
        self._told: set[tuple[str, str]] = set()

    def attend(self, session: NegotiationSession) -> bool:
        """Does what can be done now; True when this agent's part is done, or cannot be done any more."""
        done = True
        agreed = None if session.state.offer is None else session.state.offer.content
        winner = agreed.winner if isinstance(agreed, Award) else None
        for index, settlement in enumerate(session.domain.settlements):
            side = session.domain.side_of(settlement, session.role, winner)
            if side == "seller":
                done &= self._attempt(session, index, self._sign_as_seller)
            elif side == "buyer":
                done &= self._attempt(session, index, self._sign_as_buyer)
        return done

    def _attempt(
        self, session: NegotiationSession, index: int, sign: Callable[[NegotiationSession, int], bool]
    ) -> bool:
        try:
            return sign(session, index)
        except GatewayProblem as problem:
            if problem.transient:
                return False
            self._tell(session, problem)
            return True
        except (GuardRefused, BudgetExceeded, SellerSignatureInvalid, TermsError) as refused:
            self._tell(session, refused)
            return True
        except AgentError as waiting:
            if waiting.retryable:
                raise
            self._tell(session, waiting)
            return False

    def _tell(self, session: NegotiationSession, error: ParleyError) -> None:
        if (session.id, error.code) not in self._told:
            self._told.add((session.id, error.code))
            details = {"code": error.code, "message": str(error)}
            self._watch(Report("signature_withheld", negotiation=session.id, details=details))

    def _sign_as_seller(self, session: NegotiationSession, index: int) -> bool:
        open_by = None if len(session.domain.settlements) == 1 else self._open_by(session)
        signed = self._wallet.sign_deal(session.machine, session.state, index, open_by, fund=True)
        self._hand_in(session, index, signed)
        self._watch(
            Report("deal_signed", negotiation=session.id, deal=signed.deal_id, details={"as": "seller"})
        )
        return True

    def _sign_as_buyer(self, session: NegotiationSession, index: int) -> bool:
        offered = self._offered(session, index)
        if offered is None:
            return self._reneged(session)
        deal = self._wallet.derive_deal(session.machine, session.state, index, offered.open_by)
        check_seller(deal.deal_id(self._wallet.chain_id, self._wallet.escrow), deal.seller, offered.signature)
        signed = self._wallet.sign_deal(session.machine, session.state, index, offered.open_by, fund=True)
        self._hand_in(session, index, signed)
        self._watch(
            Report(
                "deal_signed",
                negotiation=session.id,
                deal=signed.deal_id,
                details={
                    "as": "buyer",
                    "price": str(signed.deal.price),
                    "locked": str(signed.deal.buyer_lock),
                },
            )
        )
        return True

    def _open_by(self, session: NegotiationSession) -> int | None:
        """The time for which another seller of linked deals signed; None where this is the first."""
        found = self._client.negotiation(session.id).agreements
        return next((each.open_by for each in found if each.seller_signature is not None), None)

    def _hand_in(self, session: NegotiationSession, index: int, signed: SignedDeal) -> None:
        deal = signed.deal if session.terms_sealed else None
        self._client.sign_agreement(
            session.id, index, signed.deal.open_by, signed.signature, deal=deal, payment=signed.payment
        )

    def _reneged(self, session: NegotiationSession) -> bool:
        """Whether the seller let the time to open pass without signing. The transcript is the proof that it
        agreed.
        """
        latest = session.state.last_sent_at + session.domain.limits.open_window_seconds
        if self._wallet.clock() <= latest:
            return False
        details = {"by": "seller", "agreed_at": session.state.last_sent_at, "open_by": latest}
        self._watch(Report("reneged", negotiation=session.id, details=details))
        return True

    def _offered(self, session: NegotiationSession, index: int) -> DealOffer | None:
        view = self._client.negotiation(session.id)
        for agreement in view.agreements:
            if agreement.index == index and agreement.seller_signature and agreement.open_by is not None:
                return DealOffer(
                    index, agreement.open_by, agreement.seller_signature, agreement.seller_authorization
                )
        return None
