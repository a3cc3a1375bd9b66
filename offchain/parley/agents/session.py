"""One negotiation from one agent's side: verified, journalled, resumable."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Self

from parley.agents.channel import Channel
from parley.agents.errors import AnswerInvalid, GatewayProblem, Overtaken, SealUnreadable, TranscriptForked
from parley.agents.letterbox import Letterbox
from parley.agents.views import Receipt
from parley.agents.wallet import Wallet
from parley.errors import ParleyError
from parley.evidence.disclosure import Disclosure
from parley.negotiation.effects import AlreadyHeld, Effect, OfferMade
from parley.negotiation.machine import Machine
from parley.negotiation.protocols import drawing
from parley.negotiation.state import NegotiationState, Step
from parley.terms.domain import Domain
from parley.terms.issues import IssueValue
from parley.terms.message import Message, Performative, SignedReceipt
from parley.terms.opening import Opening, check_opening
from parley.terms.payloads import (
    Accept,
    Context,
    Escalate,
    Inform,
    Offer,
    Open,
    Payload,
    Query,
    Reject,
    Withdraw,
    parse_payload,
)
from parley.terms.sealed import SEALABLE, Sealed
from parley.terms.values import Hash32, Salt, new_salt

TAKEN_BY_OTHERS = frozenset(("negotiation.wrong-sequence", "negotiation.wrong-previous", "negotiation.over"))


class NegotiationSession:
    """Holds the machine, the state and the way to the other side.

    Nothing that comes in counts before the machine admits it; nothing goes out before the wallet signed it
    and the journal has it. Not thread-safe: one thread drives a session.
    """

    def __init__(
        self,
        domain: Domain,
        opening: Opening,
        wallet: Wallet,
        channel: Channel,
        *,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        letterbox: Letterbox | None = None,
    ) -> None:
        check_opening(domain, opening)
        self.domain = domain
        self.opening = opening
        self.wallet = wallet
        self.channel = channel
        self.machine = Machine(domain, opening)
        self.messages: list[Message] = []
        self.state: NegotiationState = self.machine.initial()
        self.offers: list[OfferMade] = []
        self._random_bytes = random_bytes
        self.letterbox = letterbox
        wallet.journal.begin(domain, opening)
        self._plains = wallet.journal.plains(self.id)
        for message in wallet.journal.transcript(self.id):
            self._step(message)

    # ------------------------------------------------------------- beginnings

    @classmethod
    def start(
        cls,
        domain: Domain,
        opening: Opening,
        wallet: Wallet,
        channel: Channel,
        *,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        letterbox: Letterbox | None = None,
    ) -> Self:
        """Opens a negotiation as its initiator, or goes on with it where it was."""
        session = cls(domain, opening, wallet, channel, random_bytes=random_bytes, letterbox=letterbox)
        if session.state.sequence == 0:
            pending = wallet.journal.intended(session.id, 0)
            if pending is None:
                session.say(Performative.OPEN, Open(salt=session.salt()))
            else:
                session._deliver(pending.message)
        return session

    @classmethod
    def join(
        cls,
        negotiation: str,
        wallet: Wallet,
        channel: Channel,
        *,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        letterbox: Letterbox | None = None,
    ) -> Self:
        """Takes part in a negotiation that someone else opened. Raises AnswerInvalid when the documents are
        not its own.
        """
        known = wallet.journal.documents(negotiation)
        domain, opening = channel.documents(negotiation) if known is None else known
        if opening.negotiation_id() != negotiation or opening.domain != domain.hash():
            raise AnswerInvalid("the documents do not belong to this negotiation", negotiation=negotiation)
        session = cls(domain, opening, wallet, channel, random_bytes=random_bytes, letterbox=letterbox)
        session.sync()
        return session

    @staticmethod
    def check(domain: Domain, opening: Opening, message: Message) -> None:
        """That `message` opens this negotiation, before anything of it is kept. Raises what the machine
        refuses.
        """
        check_opening(domain, opening)
        machine = Machine(domain, opening)
        machine.admit(machine.initial(), message, opening.chain_id)

    # --------------------------------------------------------------- looking

    @property
    def id(self) -> Hash32:
        return self.state.negotiation

    @property
    def role(self) -> str | None:
        """This agent's role; None when it is no party."""
        party = self.opening.party_of_address(self.wallet.address)
        return None if party is None else party.role

    @property
    def sealing(self) -> bool:
        """Whether it goes on by seals and awards, with no turns: a sealed protocol, or a draw that is not
        done.
        """
        state = self.state
        return state.live and state.sequence > 0 and (state.sealed is not None or drawing.pending(state))

    @property
    def my_turn(self) -> bool:
        """Whether an offer or an answer to one is this agent's to make; never where things are sealed."""
        return (
            self.state.live
            and not self.sealing
            and not self.state.held
            and self.state.sequence > 0
            and self.state.turn == self.role
        )

    @property
    def status(self) -> str:
        return self.state.status.value

    @property
    def standing_values(self) -> Mapping[str, IssueValue] | None:
        """Values of the latest offer, amounts as integers; None before the first."""
        return None if self.state.offer is None else self.domain.decode_values(self.state.offer.offer.values)

    def actions(self) -> tuple[str, ...]:
        """What this agent may send now."""
        return self.machine.next_actions(self.state, self.wallet.address, self.wallet.clock())

    # -------------------------------------------------------------- incoming

    def sync(self) -> tuple[Effect, ...]:
        """Takes in what the other side has, and sends again what was signed and never acknowledged."""
        effects: list[Effect] = []
        while fetched := self.channel.fetch(self.id, self.state.sequence - 1):
            before = self.state.sequence
            for held in fetched:
                effects.extend(self.take(held.message, held.receipt))
            if self.state.sequence == before:
                raise AnswerInvalid("the other side repeats old messages", negotiation=self.id)
        pending = self.wallet.journal.intended(self.id, self.state.sequence)
        if pending is not None and self.state.live:
            effects.extend(self._deliver(pending.message))
        return tuple(effects)

    def take(self, message: Message, receipt: Receipt | None = None) -> tuple[Effect, ...]:
        """Verifies, admits and journals one message. Raises the machine's refusals and TranscriptForked."""
        core = message.core
        if core.sequence < self.state.sequence and core.negotiation == self.id:
            if self.messages[core.sequence].core != core:
                raise TranscriptForked(
                    "the other side shows another message for a known step", sequence=core.sequence
                )
            return ()
        plain = self._open(message)
        step = self.machine.admit(self.state, message, self.opening.chain_id, plain)
        if any(isinstance(effect, AlreadyHeld) for effect in step.effects):
            return ()
        if plain is not None:
            self._keep_plain(plain)
        kept = None if receipt is None else self._checked(receipt, step.state.last)
        self.wallet.journal.admit(message, step.state.last, kept)
        self._adopt(message, step)
        return step.effects

    def _checked(self, receipt: Receipt, message_hash: Hash32) -> Mapping[str, object]:
        """A gateway's receipt, verified: it must be for this message and signed by a gateway of the
        opening.
        """
        try:
            signed = SignedReceipt.parse(receipt.model_dump())
            signed.verify(self.opening.chain_id)
        except ParleyError as error:
            raise AnswerInvalid(f"the receipt does not verify: {error.message}") from error
        if signed.message != message_hash or signed.negotiation != self.id:
            raise AnswerInvalid("the receipt is for another message", receipt_for=signed.message)
        if signed.gateway not in self.opening.gateways and self.opening.gateways:
            raise AnswerInvalid(
                "the receipt is by a gateway that the opening does not name", gateway=signed.gateway
            )
        return signed.as_json()

    def _step(self, message: Message) -> None:
        self._adopt(message, self.machine.step(self.state, message, self._open(message)))

    def _adopt(self, message: Message, step: Step) -> None:
        self.messages.append(message)
        self.offers.extend(effect for effect in step.effects if isinstance(effect, OfferMade))
        self.state = step.state

    # -------------------------------------------------------------- outgoing

    def offer(
        self,
        values: Mapping[str, IssueValue],
        *,
        expires_at: int | None = None,
        final: bool = False,
        context: Context | None = None,
        assumptions: Sequence[str] = (),
    ) -> Message:
        """Proposes, or counters where something was proposed. `values` take amounts as integers; expires
        with the deadline.
        """
        return self.send_offer(self.draft(values, expires_at, final, context, assumptions))

    def draft(
        self,
        values: Mapping[str, IssueValue],
        expires_at: int | None = None,
        final: bool = False,
        context: Context | None = None,
        assumptions: Sequence[str] = (),
    ) -> Offer:
        """An offer with its salt, not signed yet: what an approval can be asked for."""
        return Offer(
            values=self.domain.encode_values(values),
            expires_at=self.opening.deadline if expires_at is None else expires_at,
            assumptions=tuple(assumptions),
            dependencies=(),
            context=context,
            final=final,
            salt=self.salt(),
        )

    def send_offer(self, offer: Offer) -> Message:
        first = self.state.offer is None
        return self.say(Performative.PROPOSE if first else Performative.COUNTER, offer)

    def accept(self) -> Message:
        """Accepts the latest offer."""
        return self.say(Performative.ACCEPT, Accept(offer=self._latest(), salt=self.salt()))

    def reject(self, reason: str, *, final: bool = False) -> Message:
        payload = Reject(offer=self._latest(), final=final, reason=reason, salt=self.salt())
        return self.say(Performative.REJECT, payload)

    def withdraw(self, reason: str) -> Message:
        return self.say(Performative.WITHDRAW, Withdraw(reason=reason, salt=self.salt()))

    def query(self, question: str) -> Message:
        return self.say(Performative.QUERY, Query(question=question, salt=self.salt()))

    def inform(self, answer: str, in_reply_to: Hash32 | None = None) -> Message:
        return self.say(Performative.INFORM, Inform(answer=answer, in_reply_to=in_reply_to, salt=self.salt()))

    def escalate(self, reason: str, terms: Hash32 | None = None) -> Message:
        return self.say(Performative.ESCALATE, Escalate(reason=reason, terms=terms, salt=self.salt()))

    def say(self, performative: Performative, payload: Payload) -> Message:
        """Signs and sends any message that the machine admits now."""
        seal = None
        if self.letterbox is not None and self.letterbox.seals and performative in SEALABLE:
            seal = functools.partial(self.letterbox.seal, self.opening, self.state.sequence)
        message = self.wallet.sign_message(self.machine, self.state, performative, payload, seal)
        if seal is not None:
            self._plains[payload.hash()] = payload.as_json()
        self._deliver(message)
        return message

    @property
    def terms_sealed(self) -> bool:
        """Whether the latest offer travelled sealed, so that a gateway cannot say what follows from it."""
        latest = self.state.offer
        return latest is not None and isinstance(self.messages[latest.sequence].payload, Sealed)

    def _open(self, message: Message) -> Payload | None:
        """What a sealed payload says; None for one that is not sealed. Raises SealUnreadable."""
        sealed = message.payload
        if not isinstance(sealed, Sealed):
            return None
        known = self._plains.get(sealed.plain)
        if known is not None:
            return parse_payload(message.core.performative, known)
        if self.letterbox is None:
            raise SealUnreadable("this agent has no letterbox", sequence=message.core.sequence)
        return self.letterbox.open(self.opening, message.core, sealed)

    def _keep_plain(self, plain: Payload) -> None:
        if plain.hash() not in self._plains:
            self.wallet.journal.keep_plain(self.id, plain)
            self._plains[plain.hash()] = plain.as_json()

    def disclosures(self, sequences: Collection[int] | None = None) -> tuple[Disclosure, ...]:
        """What the sealed payloads at these sequences say (all of them by default), for a bundle that shows
        it.
        """
        return tuple(
            Disclosure(sequence=at, payload=self._plains[message.payload.plain])
            for at, message in enumerate(self.messages)
            if isinstance(message.payload, Sealed) and (sequences is None or at in sequences)
        )

    def _deliver(self, message: Message) -> tuple[Effect, ...]:
        """Sends a journalled message and admits it once it is acknowledged. Safe to repeat after any
        failure.
        """
        core = message.core
        try:
            if core.sequence == 0:
                receipt = self.channel.open(self.domain, self.opening, message)
            else:
                receipt = self.channel.send(message)
        except GatewayProblem as problem:
            if problem.transient:
                raise
            self.wallet.journal.give_up(self.id, core.sequence, problem.problem)
            if problem.problem in TAKEN_BY_OTHERS:
                self.sync()
                raise Overtaken(
                    "another message came first", sequence=core.sequence, cause=problem.problem
                ) from problem
            raise
        return self.take(message, receipt)

    def _latest(self) -> Hash32:
        return self.state.last if self.state.offer is None else self.state.offer.message

    def salt(self) -> Salt:
        """A fresh salt."""
        return new_salt(self._random_bytes)
