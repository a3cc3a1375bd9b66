"""Sealing payloads to the other parties and opening what was sealed to this agent (HPKE, RFC 9180).

HPKE's `info` binds a box to its place: negotiation, sequence, sender and reader. Who sent it is shown
by the signature over the message, which covers the sealed payload.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Final, get_args

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from parley.agents.errors import SealUnreadable
from parley.errors import ParleyError
from parley.terms.message_core import MessageCore
from parley.terms.opening import Opening
from parley.terms.payloads import Offer, Payload, parse_payload
from parley.terms.sealed import Box, KeyCard, Sealed, SignedCard, Suite
from parley.terms.signing import Signer
from parley.terms.statement import state
from parley.terms.values import Address, Hash32, keccak, new_salt

SUITE: Final[Suite] = get_args(Suite)[0]
_HPKE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


class Letterbox:
    """An agent's own keys, newest last, and the cards of those it seals to.

    `cards` finds the newest card of an address; every card is checked here before its key is used. `seals`:
    whether this agent seals what it sends. Raises what `cards` raises, and `CardInvalid`.
    """

    def __init__(
        self,
        agent: Address,
        keys: tuple[bytes, ...],
        cards: Callable[[Address], SignedCard],
        *,
        chain_id: int,
        clock: Callable[[], int],
        seals: bool = True,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.agent = agent
        self.seals = seals
        self._keys: Mapping[Hash32, X25519PrivateKey] = {
            public_key(key): X25519PrivateKey.from_private_bytes(key) for key in keys
        }
        self._newest = public_key(keys[-1])
        self._cards = cards
        self._chain_id = chain_id
        self._clock = clock
        self._random_bytes = random_bytes

    def card(self, signer: Signer, seconds: int) -> SignedCard:
        """A card of the newest key, good for `seconds`, signed by the agent's own key."""
        now = self._clock()
        card = KeyCard(
            agent=signer.address, suite=SUITE, key=self._newest, issued_at=now, expires_at=now + seconds
        )
        signed = state(signer, card, self._chain_id, now)
        return SignedCard(card=card, statement=signed.core, signature=signed.signature)

    def seal(self, opening: Opening, sequence: int, payload: Payload) -> Sealed:
        """`payload` sealed to every other party of the opening."""
        plain, now = payload.canonical(), self._clock()
        boxes = []
        for party in opening.parties:
            if party.address == self.agent:
                continue
            found = self._cards(party.address)
            found.check(self._chain_id)
            key = found.key_at(now)
            info = _info(opening.negotiation_id(), sequence, self.agent, party.address)
            public = X25519PublicKey.from_public_bytes(bytes.fromhex(key[2:]))
            box = _HPKE.encrypt(plain, public, info)
            boxes.append(Box(to=party.address, key=key, sealed="0x" + box.hex()))
        return Sealed(
            suite=SUITE,
            plain=payload.hash(),
            final=isinstance(payload, Offer) and payload.final,
            boxes=tuple(boxes),
            salt=new_salt(self._random_bytes),
        )

    def open(self, opening: Opening, core: MessageCore, sealed: Sealed) -> Payload:
        """What a sealed payload says to this agent. Raises `SealUnreadable`; whether it is what was signed is
        the machine's business.
        """
        box = next((box for box in sealed.boxes if box.to == self.agent), None)
        key = None if box is None else self._keys.get(box.key)
        if box is None or key is None:
            raise SealUnreadable("it is not sealed to a key of this agent", sequence=core.sequence)
        info = _info(opening.negotiation_id(), core.sequence, core.sender, self.agent)
        try:
            plain = _HPKE.decrypt(bytes.fromhex(box.sealed[2:]), key, info)
        except (InvalidTag, ValueError):
            raise SealUnreadable("the box does not open", sequence=core.sequence) from None
        try:
            return parse_payload(core.performative, plain)
        except ParleyError as error:
            raise SealUnreadable(
                f"what was sealed is no payload: {error.message}", sequence=core.sequence
            ) from None


def public_key(key: bytes) -> Hash32:
    """The public key of 32 private bytes."""
    return Hash32.of(X25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw())


def derived_key(signer: Signer, number: int = 0) -> bytes:
    """The agent's reading key number `number`, derived from a deterministic signature (RFC 6979) of its own
    key, so that nothing more has to be kept. Whoever has that key reads everything.
    """
    label = b"parley reading key %d" % number
    return keccak(bytes.fromhex(signer.sign_digest(keccak(label))[2:]))


def _info(negotiation: str, sequence: int, sender: str, reader: str) -> bytes:
    return b"parley/sealed v1" + b"".join(
        (
            bytes.fromhex(negotiation[2:]),
            sequence.to_bytes(4),
            bytes.fromhex(sender[2:]),
            bytes.fromhex(reader[2:]),
        )
    )
