"""The gateway put together: one object that holds its services, made by `assemble`, used by the routes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import Request

from parley.chain.escrow import Funding
from parley.errors import ParleyError
from parley.gateway.admission import Admission
from parley.gateway.agreements import Agreements
from parley.gateway.auth import Authenticator, Session
from parley.gateway.deals import DealDesk
from parley.gateway.directory import Directory
from parley.gateway.evidence import EvidenceRoom
from parley.gateway.feed import Feed
from parley.gateway.governance.controls import ControlRoom
from parley.gateway.governance.facts import Acquaintance
from parley.gateway.governance.gate import Gate
from parley.gateway.governance.policies import PolicyRegister
from parley.gateway.governance.reviews import ReviewDesk
from parley.gateway.governance.watch import Watch
from parley.gateway.live import Live, LiveNegotiations
from parley.gateway.market.listings import Listings
from parley.gateway.market.requests import QuoteDesk
from parley.gateway.negotiations import Negotiations
from parley.gateway.observe.figures import Targets
from parley.gateway.observe.kpis import Kpis
from parley.gateway.observe.scrape import Standings
from parley.gateway.people.provider import Provider
from parley.gateway.people.signin import PeopleSignIn
from parley.gateway.privacy.cards import Cards
from parley.gateway.privacy.consents import ConsentRegister
from parley.gateway.privacy.eraser import Eraser
from parley.gateway.privacy.retention import RetentionDesk
from parley.gateway.rates import Rates
from parley.gateway.receipts import Receipts
from parley.gateway.settings import GatewaySettings
from parley.gateway.webhooks.delivery import Delivery, Secrets
from parley.gateway.webhooks.repository import Webhooks
from parley.policy.models import Bundle
from parley.policy.tripwires import Tripwires
from parley.store.service import EventStore
from parley.telemetry.metrics import Metrics
from parley.telemetry.tracing import Tracing, arrive
from parley.terms.deal import Deal
from parley.terms.signing import Signer
from parley.terms.values import Address, Hash32


def wall_clock() -> int:
    """Unix seconds."""
    return int(time.time())


def host_of(request: Request) -> str:
    """The network address a request came from."""
    client = request.scope.get("client")
    return "unknown" if client is None else str(client[0])


@dataclass(frozen=True, slots=True)
class SignedAgreement:
    """A negotiation after one side signed: what is signed now, or what is to be said of the deal that went to
    the chain.
    """

    live: Live
    views: list[dict[str, Any]]
    submitted: Any = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything a route needs. `deals` is None where nothing is settled."""

    settings: GatewaySettings
    clock: Callable[[], int]
    store: EventStore
    signer: Signer
    receipts: Receipts
    authenticator: Authenticator
    directory: Directory
    negotiations: Negotiations
    agreements: Agreements
    deals: DealDesk | None
    feed: Feed
    evidence: EvidenceRoom
    controls: ControlRoom
    policies: PolicyRegister
    reviews: ReviewDesk
    gate: Gate
    watch: Watch
    rates: Rates
    webhooks: Webhooks
    webhook_secrets: Secrets
    delivery: Delivery
    retention: RetentionDesk
    eraser: Eraser
    cards: Cards
    listings: Listings
    quotes: QuoteDesk
    consents: ConsentRegister
    tracing: Tracing
    metrics: Metrics
    kpis: Kpis
    people: PeopleSignIn | None

    @property
    def policy_hash(self) -> Hash32 | None:
        """The bundle in force."""
        return self.policies.in_force

    async def caller(self, request: Request, scope: str | None = None) -> Session:
        """The session behind a request. Raises NotAuthenticated, SessionExpired, ScopeMissing or
        TooManyRequests.
        """
        authorization = self._arrived(request)
        session = await asyncio.to_thread(self.authenticator.authenticate, authorization)
        return self._counted(session, scope)

    def sender(self, request: Request, scope: str) -> Session:
        """As `caller`, without asking the store: for messages, whose admission finds out."""
        return self._counted(self.authenticator.remembered(self._arrived(request)), scope)

    def _arrived(self, request: Request) -> str | None:
        """Counts a request; what its `Authorization` says."""
        authorization = traceparent = None
        for name, value in request.scope["headers"]:  # once over all of them: every request pays for it
            if name == b"authorization" and authorization is None:
                authorization = value.decode("latin-1")
            elif name == b"traceparent" and traceparent is None:
                traceparent = value.decode("latin-1")
        arrive(traceparent)
        self.rates.address(host_of(request))
        return authorization

    def _counted(self, session: Session, scope: str | None) -> Session:
        self.rates.agent(session.agent)
        if scope is not None:
            session.require(scope)
        return session

    def is_operator(self, session: Session) -> bool:
        """By key, or by what a provider of identities says. What operators order is signed in any case."""
        return session.agent in self.settings.operators or "operator" in session.roles

    def is_reviewer(self, session: Session) -> bool:
        """As `is_operator`, for those who decide what policies escalate."""
        return session.agent in self.reviews.reviewers or "reviewer" in session.roles

    def stranger(self, request: Request) -> None:
        """Counts a request of someone who has not signed in yet. Raises TooManyRequests."""
        self.rates.door(host_of(request))

    async def sign_agreement(
        self,
        session: Session,
        negotiation: str,
        index: int,
        open_by: int,
        signature: str,
        funding: Funding,
        brought: Deal | None,
        told: Callable[[Hash32], Any],
    ) -> tuple[Hash32, SignedAgreement]:
        """Takes one side's signature on an agreed negotiation's deal, one at a time for each negotiation.
        `told` gives what is said of a deal that is submitted with it; it may block.
        """
        async with self.negotiations.lock(negotiation):
            live = await self.negotiations.readable(session.agent, negotiation)

            def signing() -> tuple[Hash32, SignedAgreement]:
                self.gate.require_running(live)
                hashes = self.negotiations.hashes(negotiation, live.state.last)
                with self.tracing.span("sign agreement", negotiation) as noted:
                    deal_id, submitted = self.agreements.sign(
                        live, hashes, session.agent, index, open_by, signature, funding, brought
                    )
                    noted.note(deal=deal_id, submitted=submitted)
                if submitted:
                    return deal_id, SignedAgreement(live, [], told(deal_id))
                return deal_id, SignedAgreement(live, self.agreements.views(live, hashes))

            return await asyncio.to_thread(signing)

    def agreement_views(self, live: Live) -> list[dict[str, Any]]:
        """What can be signed after an agreement, and what is. Blocks."""
        return self.agreements.views(live, self.negotiations.hashes(live.state.negotiation))

    def close(self) -> None:
        """Ends what was opened for it. Call once, when nothing uses it any more."""
        if self.deals is not None:
            self.deals.close()
        self.store.close()
        self.tracing.close()

    def checks(self) -> dict[str, dict[str, Any]]:
        """What works: the store, and the chain where this gateway settles. Blocks."""
        found: dict[str, dict[str, Any]] = {}
        try:
            self.store.require_schema()
            found["store"] = {"ok": True, "position": self.store.last_position()}
        except ParleyError as error:
            found["store"] = {"ok": False, "code": error.code, "next_action": error.next_action}
        if self.deals is not None:
            try:
                found["chain"] = {"ok": True, **self.deals.check_chain()}
            except ParleyError as error:
                found["chain"] = {"ok": False, "code": error.code, "next_action": error.next_action}
        return found


def people_of(
    settings: GatewaySettings,
    authenticator: Authenticator,
    signer: Signer,
    clock: Callable[[], int],
    transport: httpx.AsyncBaseTransport | None = None,
) -> PeopleSignIn | None:
    """How people sign in, where a provider is set. Raises SettingsInvalid."""
    if settings.oidc_issuer is None:
        return None
    secret = settings.oidc_client_secret
    provider = Provider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        audience=settings.oidc_audience,
        secret=None if secret is None else secret.get_secret_value(),
        skew=settings.clock_skew_seconds,
        clock=clock,
        transport=transport,
    )
    return PeopleSignIn(
        provider,
        authenticator,
        signer,
        claim=settings.oidc_roles_claim,
        roles={"operator": settings.oidc_operator_role, "reviewer": settings.oidc_reviewer_role},
        redirects=settings.oidc_redirects,
        session_seconds=settings.oidc_session_seconds,
        clock=clock,
    )


def assemble(
    settings: GatewaySettings,
    store: EventStore,
    signer: Signer,
    deals: DealDesk | None,
    bundle: Bundle | None,
    clock: Callable[[], int] = wall_clock,
    *,
    wires: Tripwires | None = None,
    tracing: Tracing | None = None,
    metrics: Metrics | None = None,
    identities: httpx.AsyncBaseTransport | None = None,
) -> Gateway:
    """Wires the services of one process around `store`."""
    tracing, metrics = tracing or Tracing(), metrics or Metrics()
    receipts = Receipts(signer, settings.chain_id)
    operators = tuple(Address(operator) for operator in settings.operators)
    controls = ControlRoom(
        store, chain_id=settings.chain_id, operators=operators, gateway=signer.address, clock=clock
    )
    policies = PolicyRegister(store, bundle, chain_id=settings.chain_id, operators=operators, clock=clock)
    reviews = ReviewDesk(
        store,
        chain_id=settings.chain_id,
        reviewers=tuple(Address(reviewer) for reviewer in settings.reviewers),
        longest=settings.review_seconds,
        clock=clock,
    )
    directory = Directory(store)
    webhooks, secrets = Webhooks(store), Secrets(signer)
    known = Acquaintance(store, directory, deals, clock, window=settings.market_seconds)
    consents = ConsentRegister(
        store, chain_id=settings.chain_id, classes=settings.consent_classes, clock=clock
    )
    gate = Gate(controls, policies, reviews, known, consents, review_seconds=settings.review_seconds)
    retention = RetentionDesk(store, chain_id=settings.chain_id, operators=operators, clock=clock)
    escrow = Address(settings.escrow)
    live = LiveNegotiations(store, settings.live_cache)
    authenticator = Authenticator(
        store,
        signer,
        chain_id=settings.chain_id,
        audience=settings.public_audience,
        challenge_seconds=settings.challenge_seconds,
        session_seconds=settings.session_seconds,
        clock=clock,
    )
    admission = Admission(
        store,
        live,
        receipts,
        gate,
        reviews,
        authenticator,
        chain_id=settings.chain_id,
        clock_skew=settings.clock_skew_seconds,
        clock=clock,
        tracing=tracing,
        metrics=metrics,
    )
    negotiations = Negotiations(store, live, receipts, admission, chain_id=settings.chain_id, escrow=escrow)
    agreements = Agreements(store, deals, chain_id=settings.chain_id, escrow=escrow)
    targets = Targets(
        settings.target_agreement_seconds, settings.target_discount_ppm, settings.target_dispute_ppm
    )
    gateway = Gateway(
        settings=settings,
        clock=clock,
        store=store,
        signer=signer,
        receipts=receipts,
        authenticator=authenticator,
        directory=directory,
        negotiations=negotiations,
        agreements=agreements,
        deals=deals,
        feed=Feed(store, settings.operators),
        evidence=EvidenceRoom(live, negotiations, deals, settings),
        controls=controls,
        policies=policies,
        reviews=reviews,
        gate=gate,
        watch=Watch(
            store,
            wires or Tripwires(wires=()),
            controls,
            signer,
            chain_id=settings.chain_id,
            clock=clock,
        ),
        rates=Rates(settings),
        retention=retention,
        consents=consents,
        listings=Listings(store, chain_id=settings.chain_id, clock=clock),
        quotes=QuoteDesk(
            store,
            directory,
            controls,
            consents,
            chain_id=settings.chain_id,
            most_invited=settings.rfq_invited,
            clock=clock,
        ),
        cards=Cards(store, chain_id=settings.chain_id, clock=clock),
        eraser=Eraser(store, retention, live, signer, chain_id=settings.chain_id, clock=clock),
        webhooks=webhooks,
        webhook_secrets=secrets,
        delivery=Delivery(
            store,
            webhooks,
            secrets,
            clock=clock,
            local=settings.local_webhooks,
            operators=settings.operators,
        ),
        tracing=tracing,
        metrics=metrics,
        kpis=Kpis(store, reviews, targets),
        people=people_of(settings, authenticator, signer, clock, identities),
    )
    metrics.add(Standings(store, gateway.checks, gateway.kpis, controls, reviews))
    return gateway
