"""Checks of the negotiation itself: ids, signatures, chain, replay, and the deals that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from parley.errors import ParleyError
from parley.evidence.bundle import Bundle
from parley.evidence.chain_reader import ChainReader
from parley.evidence.disclosure import disclosed
from parley.evidence.errors import TranscriptBroken
from parley.evidence.findings import Broken, Finding, nothing, partly, passed
from parley.evidence.merkle import TranscriptTree, verify_proof
from parley.evidence.transcript import check_link
from parley.negotiation.machine import Machine
from parley.negotiation.protocols.bidding import forfeits
from parley.negotiation.state import NegotiationState
from parley.negotiation.status import Status
from parley.terms.deal import Deal
from parley.terms.derivation import Amended, derive_deals
from parley.terms.errors import PayloadMismatch, SignatureInvalid
from parley.terms.message import Message, Performative, verify_message
from parley.terms.opening import check_opening
from parley.terms.payloads import Accept, Offer, Payload
from parley.terms.sealed import Sealed
from parley.terms.values import Hash32


@dataclass(slots=True)
class Talk:
    """A bundle under verification and what the checks have found out so far."""

    bundle: Bundle
    node: ChainReader | None = None
    unreachable: str | None = None
    hashes: list[Hash32] = field(default_factory=list)
    state: NegotiationState | None = None
    replayed: int = 0
    plains: dict[int, Payload] = field(default_factory=dict)
    opaque: int = 0

    @property
    def chain_id(self) -> int:
        """The chain of the opening."""
        return self.bundle.opening.chain_id

    @property
    def missing(self) -> str:
        """Why payloads are missing, as far as anyone says."""
        if any(isinstance(message.payload, Sealed) for message in self.bundle.messages):
            return "sealed to the parties, and not disclosed here"
        found = self.bundle.erasures or ()
        return found[0].erasure.words if found else "left out by whoever made the bundle"


def check_domain(talk: Talk) -> Finding:
    """The opening is one of this domain."""
    check_opening(talk.bundle.domain, talk.bundle.opening)
    return passed(talk.bundle.opening.domain)


def check_negotiation(talk: Talk) -> Finding:
    """Opening, messages and place of settlement belong together."""
    bundle = talk.bundle
    negotiation = bundle.opening.negotiation_id()
    for sequence, message in enumerate(bundle.messages):
        if message.core.negotiation != negotiation:
            raise Broken(
                f"message {sequence} belongs to negotiation {message.core.negotiation}, not {negotiation}"
            )
    if (bundle.chain.chain_id, bundle.chain.escrow) != (bundle.opening.chain_id, bundle.opening.escrow):
        raise Broken("the chain or escrow of the bundle is not the opening's")
    return passed(negotiation)


def check_signatures(talk: Talk) -> Finding:
    """Every message is signed by its sender, and its payload is the signed one."""
    erased = 0
    for sequence, message in enumerate(talk.bundle.messages):
        try:
            talk.hashes.append(verify_message(message, talk.chain_id))
        except (SignatureInvalid, PayloadMismatch) as error:
            raise Broken(f"message {sequence}: {error}") from None
        erased += message.payload is None
    note = f", {erased} of them without their payload ({talk.missing})" if erased else ""
    return passed(f"{len(talk.hashes)} messages signed by their senders{note}")


def check_disclosures(talk: Talk) -> Finding:
    """Every plaintext beside a sealed message is the one that its sender signed the hash of."""
    sealed = [at for at, message in enumerate(talk.bundle.messages) if isinstance(message.payload, Sealed)]
    talk.plains = disclosed(talk.bundle.messages, talk.bundle.disclosures or ())
    if not sealed:
        return nothing("no payload is sealed")
    shown = len(talk.plains)
    detail = f"{shown} of {len(sealed)} sealed payloads are disclosed, each as its sender signed it"
    return passed(detail) if shown == len(sealed) else partly(detail)


def check_chain(talk: Talk) -> Finding:
    """Each message names the hash of the one before it, with none left out."""
    previous = talk.bundle.opening.negotiation_id()
    for sequence, (message, found) in enumerate(zip(talk.bundle.messages, talk.hashes, strict=True)):
        try:
            check_link(message, message.core.negotiation, sequence, previous)
        except TranscriptBroken as error:
            raise Broken(str(error)) from None
        previous = found
    return passed(f"unbroken from the opening to {previous}")


def check_replay(talk: Talk) -> Finding:
    """Every message was admissible in its turn; the machine comes to the same final state."""
    bundle = talk.bundle
    machine = Machine(bundle.domain, bundle.opening)
    state = machine.initial()
    for sequence, message in enumerate(bundle.messages):
        if message.payload is None:
            talk.state, talk.replayed = state, sequence
            return partly(
                f"{sequence} of {len(bundle.messages)} messages replayed; the payload of message {sequence} "
                f"is missing ({talk.missing}), so turns from there on cannot be replayed (signatures and "
                "chain were checked)"
            )
        state = _stepped(machine, state, message, sequence, talk)
    talk.state, talk.replayed = state, len(bundle.messages)
    lost = forfeits(machine.rules, state) if _bonded(bundle) else ()
    note = f"; bonds lost by {', '.join(lost)}" if lost else ""
    told = f"{state.status.value} after {len(bundle.messages)} messages, state {state.hash()}{note}"
    if talk.opaque:
        return partly(f"{told}; of {talk.opaque} sealed offers only turn, round and time could be checked")
    return passed(told)


def _bonded(bundle: Bundle) -> bool:
    return bundle.domain.auction is not None and bundle.domain.auction.bond is not None


def _stepped(
    machine: Machine, state: NegotiationState, message: Message, sequence: int, talk: Talk
) -> NegotiationState:
    plain = talk.plains.get(sequence)
    if plain is None and isinstance(message.payload, Sealed):
        talk.opaque += message.core.performative in (Performative.PROPOSE, Performative.COUNTER)
    try:
        if message.core.performative is Performative.FAULT:
            return machine.admit(
                state, message, talk.chain_id
            ).state  # the proof inside it has signatures of its own
        return machine.step(state, message, plain).state
    except ParleyError as error:
        raise Broken(f"message {sequence} was not admissible: {error}") from None


def check_derivation(talk: Talk) -> Finding:
    """The deals are what the accepted offer derives to, field by field."""
    bundle = talk.bundle
    agreed = talk.replayed < len(bundle.messages) or (
        talk.state is not None and talk.state.status is Status.ACCEPTED
    )
    if not bundle.deals:
        return nothing("the bundle holds no deal")
    if not agreed:
        raise Broken("the negotiation came to no agreement, so no deal follows from it")
    if len(bundle.deals) != len(bundle.domain.settlements):
        raise Broken(
            f"{len(bundle.deals)} deals where the domain settles in {len(bundle.domain.settlements)}"
        )
    first = bundle.deals[0].deal
    length = first.transcript_length
    if not 0 < length <= len(bundle.messages):
        raise Broken(f"the deal covers {length} messages, the bundle holds {len(bundle.messages)}")
    if talk.replayed == len(bundle.messages) and length != talk.replayed:
        raise Broken(f"the last acceptance is message {talk.replayed - 1}, the deal covers {length} messages")
    acceptance = bundle.messages[length - 1]
    if acceptance.core.performative is not Performative.ACCEPT:
        raise Broken(f"message {length - 1} is no acceptance")
    offer = _accepted_offer(talk, acceptance, length)
    if offer is None:
        return partly(
            f"the payload of the accepted offer or of its acceptance is missing ({talk.missing}): that the "
            "deal follows from the offer cannot be shown from this bundle; what both sides signed is checked "
            "below"
        )
    derived = derive_deals(
        bundle.domain,
        bundle.opening,
        offer,
        TranscriptTree(talk.hashes[:length]).root,
        length,
        acceptance.core.sent_at,
        first.open_by,
        None if bundle.opening.amends is None else Amended(first.amends_milestone, first.amends_locked),
    )
    for index, (expected, actual) in enumerate(zip(derived, bundle.deals, strict=True)):
        _same(index, expected, actual.deal)
    return passed(f"{len(derived)} derived from the accepted offer and equal to what is in the bundle")


def _accepted_offer(talk: Talk, acceptance: Message, length: int) -> Offer | None:
    if acceptance.payload is None:
        return None
    if not isinstance(acceptance.payload, Accept):
        raise Broken("the last message of the transcript does not accept an offer")
    named = acceptance.payload.offer
    for sequence, found in enumerate(talk.hashes[:length]):
        if found == named:
            content = talk.plains.get(sequence, talk.bundle.messages[sequence].payload)
            if content is None or isinstance(content, Sealed):
                return None
            if not isinstance(content, Offer):
                raise Broken("what was accepted is no offer")
            return content
    raise Broken("the accepted offer is not in the transcript")


def _same(index: int, expected: Deal, actual: Deal) -> None:
    for name in Deal.model_fields:
        wanted, found = getattr(expected, name), getattr(actual, name)
        if wanted != found:
            raise Broken(f"deal {index}: {name} is {found}, the accepted offer gives {wanted}")


def check_root(talk: Talk) -> Finding:
    """The root inside each deal is the transcript's, and every Merkle proof leads to it."""
    if not talk.bundle.deals:
        return nothing("the bundle holds no deal")
    trees: dict[int, TranscriptTree] = {}
    for index, item in enumerate(talk.bundle.deals):
        deal = item.deal
        if not 0 < deal.transcript_length <= len(talk.hashes):
            raise Broken(
                f"deal {index} covers {deal.transcript_length} messages, there are {len(talk.hashes)}"
            )
        hashes = talk.hashes[: deal.transcript_length]
        tree = trees.setdefault(len(hashes), TranscriptTree(hashes))
        if tree.root != deal.transcript_root:
            raise Broken(f"deal {index} names root {deal.transcript_root}, the messages give {tree.root}")
        if len(item.proofs) != len(hashes):
            raise Broken(f"deal {index} has {len(item.proofs)} proofs for {len(hashes)} messages")
        for sequence, siblings in enumerate(item.proofs):
            if not verify_proof(tree.root, sequence, hashes[sequence], siblings):
                raise Broken(f"deal {index}: the proof of message {sequence} does not lead to the root")
    return passed(
        f"{talk.bundle.deals[0].deal.transcript_root} over {talk.bundle.deals[0].deal.transcript_length}"
    )
