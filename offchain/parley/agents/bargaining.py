"""One agent's turn in one negotiation: ask the strategy, pass the guard, say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from parley.agents.attending import HonestAttendance
from parley.agents.conduct import Plan, Report
from parley.agents.errors import ApprovalRequired, GuardRefused, Overtaken
from parley.agents.pace import Independent, Pace, Turn
from parley.agents.session import NegotiationSession
from parley.negotiation.errors import Refusal
from parley.negotiation.space import Space
from parley.negotiation.strategies import AcceptOffer, Escalate, Propose, Walk, view_of
from parley.policy.errors import BudgetExceeded
from parley.terms.errors import TermsError
from parley.terms.issues import IssueValue
from parley.terms.payloads import Context, Offer
from parley.terms.values import Address

Watch = Callable[[Report], None]


class Bargaining:
    """Drives a session by a plan. `act` does at most one thing and may be called whenever something
    changed.
    """

    def __init__(
        self, session: NegotiationSession, plan: Plan, watch: Watch, pace: Pace | None = None
    ) -> None:
        self.session = session
        self.plan = plan
        self._watch = watch
        self._pace = pace or Independent()
        self._space = Space(session.domain, plan.profile)
        self._attendance = HonestAttendance(session, self._space)
        self._waiting: tuple[int, Offer] | None = None  # drafted at this sequence, waiting for an approval
        self._asked: set[str] = set()

    def refresh(self) -> None:
        """Takes in what is new. An own offer that the other side has countered binds nothing any more: its
        reservation is freed, so that the budget is there for whichever negotiation closes first.
        """
        session = self.session
        session.sync()
        standing = session.state.offer
        if session.my_turn and standing is not None and standing.role != session.role:
            session.wallet.release(session.id)

    def act(self) -> bool:
        """Takes the turn if it is this agent's; whether it said something."""
        session = self.session
        if not session.my_turn and not session.sealing:
            return False
        try:
            if session.sealing:
                return self._attend()
            match self._pace.turn(session):
                case Turn.WAIT:
                    return False
                case Turn.LEAVE:
                    return self._leave("nothing is left to bargain for")
                case Turn.TAKE:
                    pass
            if self._waiting is not None and self._still_wanted(*self._waiting):
                return self._offer(self._waiting[1])
            return self._decide()
        except Overtaken:
            return False
        except ApprovalRequired as waiting:
            terms = str(waiting.values.get("terms"))
            if terms not in self._asked:
                self._asked.add(terms)
                self._report("approval_wanted", terms=terms, reason=waiting.message)
            return False
        except (GuardRefused, BudgetExceeded, TermsError, Refusal) as refused:
            self._report(
                "guard_refused", code=refused.code, reason=refused.message, values=dict(refused.values)
            )
            self._waiting = None
            return self._leave("no admissible terms are in reach")

    def _attend(self) -> bool:
        """Its part where things are sealed, and no turns are taken."""
        done = self._attendance.act()
        if done is not None:
            self._report(done, values=self._standing())
        return done is not None

    def _still_wanted(self, sequence: int, offer: Offer) -> bool:
        """Whether a draft that waited for an approval is for this step, and nothing else took its place
        meanwhile.
        """
        session = self.session
        return sequence == session.state.sequence and self._pace.admits(
            session, session.domain.decode_values(offer.values)
        )

    def _decide(self) -> bool:
        session, wallet = self.session, self.session.wallet

        def admissible(values: Mapping[str, IssueValue]) -> bool:
            return self._pace.admits(session, values) and wallet.admits(
                session.machine, session.state, values, "outgoing"
            )

        view = view_of(
            session.state,
            session.offers,
            self._space,
            admissible=admissible,
            seed=self.plan.seed,
            now=wallet.clock(),
            reputation_ppm=wallet.knowledge.counterparty(self._other()).reputation_ppm,
        )
        move = self.plan.strategy.decide(view)
        match move:
            case Propose(values=values, explanation=explanation):
                self._report("decided", move="offer", **explanation.as_json())
                return self._offer(session.draft(values, context=self._context()))
            case AcceptOffer(explanation=explanation):
                self._report("decided", move="accept", **explanation.as_json())
                session.accept()
                self._report("accepted", values=self._standing())
                return True
            case Escalate(reason=reason, explanation=explanation):
                self._report("decided", move="escalate", **explanation.as_json())
                session.escalate(reason)
                self._report("escalated", reason=reason)
                return True
            case Walk(reason=reason, explanation=explanation):
                self._report("decided", move="walk", **explanation.as_json())
                return self._leave(reason)

    def _offer(self, offer: Offer) -> bool:
        self._waiting = (self.session.state.sequence, offer)
        message = self.session.send_offer(offer)
        self._waiting = None
        self._report("offered", values=dict(offer.values), sequence=message.core.sequence)
        return True

    def _leave(self, reason: str) -> bool:
        self.session.withdraw(reason)
        self._report("withdrew", reason=reason)
        return True

    def _other(self) -> Address:
        mine = self.session.wallet.address
        return next(party.address for party in self.session.opening.parties if party.address != mine)

    def _standing(self) -> dict[str, int | str]:
        offer = self.session.state.offer
        return {} if offer is None else dict(offer.offer.values)

    def _context(self) -> Context:
        rationale = self._rationale()
        return Context(rationale=rationale) if self.plan.context is None else self.plan.context(rationale)

    def _rationale(self) -> str:
        """What the other side is told; never the utility behind it."""
        return f"round {self.session.state.round + 1} of {self.session.domain.limits.max_rounds}"

    def _report(self, kind: str, **details: object) -> None:
        self._watch(Report(kind, negotiation=self.session.id, details=details))
