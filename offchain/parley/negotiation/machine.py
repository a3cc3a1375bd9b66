"""A negotiation as a pure state machine, whichever protocol its domain names (docs/spec.md, section 5).

`step` is total: an inadmissible message raises a `Refusal` and changes nothing. Time enters only as signed
data, so a replay needs no clock and gives the same state byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable

from parley.errors import ParleyError
from parley.negotiation import interventions
from parley.negotiation.actions import actions_of
from parley.negotiation.effects import AlreadyHeld, EquivocationFound, Opened
from parley.negotiation.errors import (
    Equivocation,
    FaultUnproven,
    NegotiationOver,
    NotAuthorised,
    OnHold,
    PayloadMissing,
    PayloadUnfit,
    ReplayFailed,
    SenderUnknown,
    SentAtInvalid,
    StateForbids,
    WrongChain,
    WrongNegotiation,
    WrongPrevious,
    WrongSequence,
)
from parley.negotiation.opaque import readable
from parley.negotiation.protocols.choose import protocol_of
from parley.negotiation.rules import Rules
from parley.negotiation.state import HISTORY_BYTES, NegotiationState, PartyRecord, Step
from parley.negotiation.status import Status
from parley.terms.domain import Domain
from parley.terms.errors import SignatureInvalid
from parley.terms.message import Message, Performative, verify_message
from parley.terms.opening import Opening
from parley.terms.payloads import (
    PAYLOADS,
    Accept,
    Approve,
    Call,
    Commit,
    Control,
    Escalate,
    Fault,
    Inform,
    Offer,
    Open,
    Payload,
    Query,
    Refuse,
    Reject,
    Resume,
    Reveal,
    Timeout,
    Withdraw,
)
from parley.terms.sealed import Sealed
from parley.terms.signing import check_signature
from parley.terms.values import Address, Hash32

_PAST_DEADLINE = frozenset((Performative.TIMEOUT, Performative.CONTROL, Performative.FAULT))
_WHILE_HELD = frozenset(
    (
        Performative.RESUME,
        Performative.APPROVE,
        Performative.REFUSE,
        Performative.WITHDRAW,
        Performative.TIMEOUT,
        Performative.CONTROL,
        Performative.FAULT,
    )
)


class Machine:
    """The machine of one negotiation with its rules compiled. Holds no state: every method is pure."""

    def __init__(self, domain: Domain, opening: Opening) -> None:
        self.rules = Rules(domain, opening)
        self.protocol = protocol_of(self.rules)

    def initial(self) -> NegotiationState:
        """The state before message 0."""
        rules = self.rules
        plain = NegotiationState(
            negotiation=rules.negotiation_id,
            status=Status.INIT,
            turn=rules.opening.first,
            round=0,
            moves=0,
            sequence=0,
            last=rules.negotiation_id,
            last_sent_at=rules.opening.opened_at,
            records=tuple(PartyRecord(role) for role in rules.roles),
        )
        return self.protocol.initial(plain)

    def step(self, state: NegotiationState, message: Message, plain: Payload | None = None) -> Step:
        """One message whose signature has been verified already; `plain` is what its sealed payload says, for
        those who can read it. Raises a `Refusal`; see `admit`.
        """
        message_hash = message.core.message_hash(self.rules.opening.chain_id)
        held = self._locate(state, message, message_hash)
        if held is not None:
            return held
        return self._apply(state, message, message_hash, plain)

    def admit(
        self, state: NegotiationState, message: Message, chain_id: int, plain: Payload | None = None
    ) -> Step:
        """Verifies and steps.

        A message that is held already gives `Step(state, (AlreadyHeld(...),))`. Raises `Equivocation` with
        its proof for a second message of one sender at a step, another `Refusal` for what the state does not
        admit, and the errors of `parley.terms` for a bad signature or payload hash. Nothing changes then.
        """
        if chain_id != self.rules.opening.chain_id:
            raise WrongChain(
                "The opening is for another chain", expected=self.rules.opening.chain_id, actual=chain_id
            )
        if message.core.negotiation == state.negotiation and message.core.sequence < state.sequence:
            # Known messages cost no signature check; a conflicting one convicts only when it is really
            # signed.
            message_hash = message.core.message_hash(chain_id)
            try:
                held = self._locate(state, message, message_hash)
            except Equivocation:
                verify_message(message, chain_id)
                raise
            if held is not None:
                return held
        self._locate(state, message, None)
        message_hash = verify_message(message, chain_id)
        if message.core.performative is Performative.FAULT and isinstance(message.payload, Fault):
            self._verify_fault(message.payload, chain_id)
        return self._apply(state, message, message_hash, plain)

    def replay(self, messages: Iterable[Message], chain_id: int) -> NegotiationState:
        """The state after `messages`, each admitted in order.

        Raises `ReplayFailed` naming the first sequence that is not admissible.
        """
        state = self.initial()
        for at, message in enumerate(messages):
            try:
                step = self.admit(state, message, chain_id)
            except ParleyError as error:
                raise ReplayFailed(
                    f"Message {at} is not admissible: {error.message}", sequence=at, cause=error.code
                ) from error
            if step.state is state:
                raise ReplayFailed(
                    f"Message {at} stands in the transcript twice", sequence=at, cause="duplicate"
                )
            state = step.state
        return state

    def next_actions(
        self, state: NegotiationState, address: Address, now: int | None = None
    ) -> tuple[str, ...]:
        """Names of the performatives that `address` may send; see `parley.negotiation.actions`."""
        return actions_of(self.rules, self.protocol, state, address, now)

    def _locate(self, state: NegotiationState, message: Message, message_hash: Hash32 | None) -> Step | None:
        """Where the message stands: None if it is the next one, a step without change if it is held
        already.
        """
        core = message.core
        if core.negotiation != state.negotiation:
            raise WrongNegotiation(
                "The message names another negotiation", expected=state.negotiation, actual=core.negotiation
            )
        if core.sequence < state.sequence and message_hash is not None:
            at = core.sequence * HISTORY_BYTES
            held = state.history[at : at + HISTORY_BYTES]
            first = Hash32("0x" + held[2:].hex())
            if first == message_hash:
                return Step(state, (AlreadyHeld(message_hash, core.sequence),))
            if self.rules.sender_index.get(core.sender) == int.from_bytes(held[:2]):
                raise Equivocation(
                    EquivocationFound(state.negotiation, core.sender, core.sequence, first, message_hash)
                )
        if core.sequence != state.sequence:
            raise WrongSequence(
                "The message does not stand at the next step", expected=state.sequence, actual=core.sequence
            )
        if core.previous != state.last:
            raise WrongPrevious(
                "The message does not follow the last one", expected=state.last, actual=core.previous
            )
        if core.sender not in self.rules.sender_index:
            raise SenderUnknown("The opening does not know the sender", sender=core.sender)
        return None

    def _apply(
        self, state: NegotiationState, message: Message, message_hash: Hash32, plain: Payload | None
    ) -> Step:
        core = message.core
        performative = core.performative
        content = message.payload
        if content is None:
            raise PayloadMissing("The message came without its payload", payload=core.payload)
        if type(content) is Sealed:
            content = readable(core, content, plain)
        elif type(content) is not PAYLOADS[performative] or plain is not None:
            raise PayloadUnfit(
                "The payload does not belong to the performative", performative=performative.wire
            )
        self._check_time(state, message)
        if not state.live:
            raise NegotiationOver("The negotiation is over", status=state.status.value)
        if (state.sequence == 0) != (performative is Performative.OPEN):
            raise StateForbids("Message 0, and no other, is the open", sequence=state.sequence)
        if state.hold is not None and performative not in _WHILE_HELD:
            raise OnHold("The negotiation is on hold", by=state.hold.by)
        step = self._dispatch(state, message, message_hash, content)
        entry = self.rules.sender_index[core.sender].to_bytes(2) + bytes.fromhex(message_hash[2:])
        after = step.state.changed(
            sequence=state.sequence + 1,
            last=message_hash,
            last_sent_at=core.sent_at,
            history=state.history + entry,
        )
        return Step(after, step.effects)

    def _check_time(self, state: NegotiationState, message: Message) -> None:
        core = message.core
        opening = self.rules.opening
        if state.sequence == 0 and core.sent_at != opening.opened_at:
            raise SentAtInvalid(
                "Message 0 is sent when the opening says", sent_at=core.sent_at, opened_at=opening.opened_at
            )
        if core.sent_at < state.last_sent_at:
            raise SentAtInvalid(
                "The message is dated before the one it follows",
                sent_at=core.sent_at,
                earliest=state.last_sent_at,
            )
        if core.sent_at > opening.deadline and core.performative not in _PAST_DEADLINE:
            raise SentAtInvalid("The deadline has passed", sent_at=core.sent_at, deadline=opening.deadline)

    def _dispatch(
        self, state: NegotiationState, message: Message, message_hash: Hash32, payload: Payload
    ) -> Step:
        rules = self.rules
        match payload:
            case Sealed() if message.core.performative in (Performative.QUERY, Performative.INFORM):
                return interventions.ask(rules, state, message)
            case Sealed() | Offer() | Accept() | Reject() | Commit() | Reveal() | Call():
                return self.protocol.apply(state, message, message_hash, payload)
            case Query() | Inform():
                return interventions.ask(rules, state, message)
            case Open():
                return self._open(state, message)
            case _:
                return self._intervene(state, message)

    def _intervene(self, state: NegotiationState, message: Message) -> Step:
        rules = self.rules
        payload = message.payload
        match payload:
            case Withdraw():
                return self.protocol.withdraw(state, message, self._role(message))
            case Escalate():
                return self.protocol.escalate(state, message, payload)
            case Resume():
                return interventions.resume(rules, state, message)
            case Approve():
                return interventions.approve(rules, state, message, payload)
            case Refuse():
                return interventions.refuse(rules, state, message, payload)
            case Timeout():
                overdue = self.protocol.overdue(state, message.core.sent_at)
                return interventions.timeout(rules, state, message, overdue)
            case Control():
                return interventions.control(rules, state, message)
            case Fault():
                culprit = interventions.convicted(rules, state, message, payload)
                return self.protocol.convicted(state, message, culprit)
        raise PayloadUnfit(
            "The payload belongs to no performative", performative=message.core.performative.wire
        )

    def _role(self, message: Message) -> str | None:
        """The sender's role, None for the mediator. Raises `NotAuthorised` for anyone else."""
        sender = message.core.sender
        at = self.rules.index.get(sender)
        if at is None and sender != self.rules.opening.mediator:
            raise NotAuthorised("Only a party can do this", sender=sender)
        return None if at is None else self.rules.roles[at]

    def _open(self, state: NegotiationState, message: Message) -> Step:
        opening = self.rules.opening
        if message.core.sender != opening.initiator:
            raise NotAuthorised("Only the initiator sends message 0", initiator=opening.initiator)
        return Step(state, (Opened(state.negotiation, opening.first),))

    @staticmethod
    def _verify_fault(payload: Fault, chain_id: int) -> None:
        for signed in (payload.first, payload.second):
            try:
                check_signature(signed.core.digest(chain_id), signed.signature, signed.core.sender)
            except SignatureInvalid as error:
                raise FaultUnproven(
                    "A message of the proof is not signed by its sender",
                    sequence=signed.core.sequence,
                    cause=error.code,
                ) from error


def initial(domain: Domain, opening: Opening) -> NegotiationState:
    """The state before message 0. Callers that step often keep a `Machine`, which compiles the rules once."""
    return Machine(domain, opening).initial()


def step(state: NegotiationState, message: Message, domain: Domain, opening: Opening) -> Step:
    """See `Machine.step`."""
    return Machine(domain, opening).step(state, message)


def admit(state: NegotiationState, message: Message, domain: Domain, opening: Opening, chain_id: int) -> Step:
    """See `Machine.admit`."""
    return Machine(domain, opening).admit(state, message, chain_id)


def replay(domain: Domain, opening: Opening, messages: Iterable[Message], chain_id: int) -> NegotiationState:
    """See `Machine.replay`."""
    return Machine(domain, opening).replay(messages, chain_id)


def next_actions(
    state: NegotiationState,
    opening: Opening,
    address: Address,
    domain: Domain,
    now: int | None = None,
) -> tuple[str, ...]:
    """See `Machine.next_actions`."""
    return Machine(domain, opening).next_actions(state, address, now)
