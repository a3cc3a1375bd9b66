"""An agent that runs by itself against a gateway: bargains, signs, delivers, receipts, in any number of
negotiations.

Single-threaded and driven by events: it looks at a negotiation or deal when the gateway says that something
happened there, and at everything once at the start and now and then, so that a lost event or a restart
costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from parley.agents.bargaining import Bargaining
from parley.agents.channel import GatewayChannel
from parley.agents.client import GatewayClient
from parley.agents.conduct import Conduct, Planner, Report
from parley.agents.errors import GatewayProblem, GatewayUnreachable
from parley.agents.fulfilment import Fulfilment
from parley.agents.letterbox import Letterbox
from parley.agents.pace import Independent, Pace, Sessions
from parley.agents.session import NegotiationSession
from parley.agents.signing import DealSigning
from parley.agents.views import Event, NegotiationSummary
from parley.agents.wallet import Wallet
from parley.errors import ParleyError
from parley.negotiation.status import Status
from parley.terms.values import Address

NEGOTIATION_STREAMS = frozenset(("negotiation", "agreement"))
DEAL_STREAMS = frozenset(("deal", "chain"))


class AgentRunner:
    """One agent. `planner` says what it wants of a negotiation, `conduct` how it behaves once a deal is open.

    `pace` lets its negotiations take account of each other. `watch` gets a Report of everything it does.
    `idle` is the seconds of silence after which it looks around.
    """

    def __init__(
        self,
        client: GatewayClient,
        wallet: Wallet,
        planner: Planner,
        *,
        conduct: Conduct | None = None,
        pace: Callable[[Sessions], Pace] | None = None,
        watch: Callable[[Report], None] | None = None,
        idle: float = 1.0,
        letterbox: Letterbox | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client = client
        self.wallet = wallet
        self.channel = GatewayChannel(client)
        self._planner = planner
        self._watch = watch or (lambda report: None)
        self._idle = idle
        self._letterbox = letterbox
        self._monotonic = monotonic
        self._pace: Pace = Independent() if pace is None else pace(self.sessions)
        self._sessions: dict[str, NegotiationSession] = {}
        self._bargains: dict[str, Bargaining] = {}
        self._ignored: set[str] = set()
        self._finished: set[str] = set()
        self._signing = DealSigning(client, wallet, self._watch)
        self._fulfilment = Fulfilment(client, wallet, conduct or Conduct(), self._watch)

    # ----------------------------------------------------------------- running

    def run(self, *, until: Callable[[], bool] | None = None, seconds: float | None = None) -> None:
        """Works until `until` says so, or `seconds` have passed; for ever without either. Survives a
        gateway that is away.
        """
        end = None if seconds is None else self._monotonic() + seconds
        position = self._position()
        self.look_around()
        for event in self.client.events(position, idle=self._idle):
            if event is None:
                self.look_around()
            else:
                self.notice(event)
            if (until is not None and until()) or (end is not None and self._monotonic() > end):
                return

    def _position(self) -> int | None:
        """Where the feed stands before the first look, so that nothing between look and feed is missed."""
        for event in self.client.events(None, idle=self._idle, announce=True):
            if event is not None:
                return event.id
        return None

    def notice(self, event: Event) -> None:
        """Looks where something happened."""
        try:
            if event.stream in NEGOTIATION_STREAMS:
                if not self._known(event):
                    self.attend(event.subject)
            elif event.stream in DEAL_STREAMS:
                self._fulfilment.attend(event.subject)
        except GatewayUnreachable as away:
            self._report_trouble(away, event.subject)

    def _known(self, event: Event) -> bool:
        """Whether the event is a message that this agent has, such as its own."""
        bargain = self._bargains.get(event.subject)
        return (
            event.kind == "message"
            and bargain is not None
            and bargain.session.state.live
            and event.sequence < bargain.session.state.sequence
        )

    def look_around(self) -> None:
        """Attends to everything that is not finished: first takes in all that is new, then acts on it."""
        try:
            waiting = [summary.id for summary in self._all() if summary.id not in self._finished]
            for negotiation in waiting:
                self._guarded(negotiation, self._refresh)
            for negotiation in waiting:
                self.attend(negotiation)
            for deal_id in self.wallet.journal.deals():
                self._fulfilment.attend(deal_id)
        except GatewayUnreachable as away:
            self._report_trouble(away, None)

    def _all(self) -> Iterator[NegotiationSummary]:
        before: int | None = None
        while True:
            page = self.client.negotiations(before)
            yield from page.items
            if page.next is None:
                return
            before = page.next

    # ------------------------------------------------------------ negotiations

    def begin(self, session: NegotiationSession) -> None:
        """Adopts a negotiation that this agent opened; the next look around makes its first move."""
        if session.id not in self._bargains:
            self._adopt(session)

    def attend(self, negotiation: str) -> None:
        """Takes in what is new in a negotiation, and acts on it."""
        self._guarded(negotiation, self._act)

    def _guarded(self, negotiation: str, work: Callable[[Bargaining], None]) -> None:
        if negotiation in self._ignored or negotiation in self._finished:
            return
        try:
            bargain = self._bargains.get(negotiation) or self._join(negotiation)
            if bargain is not None:
                work(bargain)
        except GatewayUnreachable:
            raise
        except GatewayProblem as problem:
            if problem.http_status == 404:
                self._ignored.add(negotiation)
            self._report_trouble(problem, negotiation)
        except ParleyError as error:
            self._report_trouble(error, negotiation)

    @staticmethod
    def _refresh(bargain: Bargaining) -> None:
        bargain.refresh()

    def _act(self, bargain: Bargaining) -> None:
        bargain.refresh()
        spoke = bargain.act()
        self._conclude(bargain.session)
        if spoke:
            self._wake_others(bargain)

    def _wake_others(self, moved: Bargaining) -> None:
        """What one negotiation binds or frees may be what another one waited for."""
        for other in list(self._bargains.values()):
            if other is not moved and other.session.my_turn and other.act():
                self._conclude(other.session)

    def _join(self, negotiation: str) -> Bargaining | None:
        return self._adopt(
            NegotiationSession.join(negotiation, self.wallet, self.channel, letterbox=self._letterbox)
        )

    def _adopt(self, session: NegotiationSession) -> Bargaining | None:
        plan = None if session.role is None else self._planner(session.domain, session.opening)
        if plan is None:
            self._ignored.add(session.id)
            return None
        self._sessions[session.id] = session
        self._watch(Report("joined", negotiation=session.id, details={"role": session.role}))
        bargain = self._bargains[session.id] = Bargaining(session, plan, self._watch, self._pace)
        return bargain

    def _conclude(self, session: NegotiationSession) -> None:
        state = session.state
        if state.live:
            return
        if state.status is Status.ACCEPTED:
            if not self._signing.attend(session):
                return
            if not self._signed(session):
                self.wallet.release(session.id)  # agreed, never signed, and too late now: it binds nothing
        else:
            self.wallet.release(session.id)
            reason = None if state.reason is None else state.reason.value
            self._watch(
                Report("ended", negotiation=session.id, details={"status": session.status, "reason": reason})
            )
        self._finished.add(session.id)
        self._bargains.pop(session.id, None)

    def _signed(self, session: NegotiationSession) -> bool:
        journal, count = self.wallet.journal, len(session.domain.settlements)
        return any(journal.signed_deal(session.id, index) is not None for index in range(count))

    def _report_trouble(self, error: ParleyError, subject: str | None) -> None:
        self._watch(
            Report("trouble", negotiation=subject, details={"code": error.code, "message": str(error)})
        )

    def sessions(self) -> list[NegotiationSession]:
        """Every negotiation this run has taken part in, finished ones too."""
        return list(self._sessions.values())

    @property
    def bargaining(self) -> bool:
        """Whether any negotiation it takes part in is unfinished, or waits for a signature of this agent."""
        return bool(self._bargains)

    def counterparties(self) -> frozenset[Address]:
        """Whom it bargains with at the moment."""
        mine = self.wallet.address
        return frozenset(
            party.address
            for bargain in self._bargains.values()
            for party in bargain.session.opening.parties
            if party.address != mine
        )

    @property
    def busy(self) -> bool:
        """Whether any negotiation it takes part in is unfinished, or a deal it signed is not closed."""
        return bool(self._bargains) or self._fulfilment.busy
