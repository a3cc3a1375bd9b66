"""What was said in a match: a log in memory, turned into messages when somebody reads them.

Hashing and chaining are for what leaves the process. Until then a move is a line in the log. Reading the
state, the messages or the offers makes the messages of all lines so far, with the hash of their payload,
chained by their EIP-712 digests and stepped through the machine: the same bytes, whenever they are made.
"""

from __future__ import annotations

from collections.abc import Callable

from parley.negotiation.branches import Outcome
from parley.negotiation.effects import OfferMade
from parley.negotiation.machine import Machine
from parley.negotiation.state import NegotiationState
from parley.terms import payloads
from parley.terms.domain import Domain
from parley.terms.message import Message, MessageCore, Performative
from parley.terms.payloads import Payload
from parley.terms.values import Address, Salt, Signature, keccak

_UNSIGNED = Signature("0x" + "00" * 65)

Said = tuple[Address, Performative, Payload | Outcome | str | None]
"""Sender, performative, and a payload or what it is made of: an offer's values in the domain's order, a
withdrawal's reason, nothing for the acceptance of what is on the table.
"""


Worded = Callable[[str, payloads.Offer], payloads.Offer]
"""The offer of a role with its texts."""


class Transcript:
    """The log of one match. Messages carry a signature of zeros and are stepped, not admitted. `worded` has
    the last word on the texts of an offer.
    """

    def __init__(self, machine: Machine, domain: Domain, seed: int, worded: Worded) -> None:
        self._machine = machine
        self._worded = worded
        self._domain = domain
        self._mark = f"{seed}/{machine.rules.opening.nonce}"
        self._log: list[Said] = []
        self._state = machine.initial()
        self._messages: list[Message] = []
        self._offers: list[OfferMade] = []
        self.note = self._log.append

    def __eq__(self, other: object) -> bool:
        """The same messages."""
        return isinstance(other, Transcript) and self.messages == other.messages

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self._log)

    def say(self, sender: Address, performative: Performative, body: Payload | Outcome | str | None) -> None:
        """Steps it at once. Raises a `Refusal`, or the errors of values that do not suit the domain, and
        nothing is said then.
        """
        self._follow()
        self._log.append((sender, performative, body))
        try:
            self._follow()
        except BaseException:
            self._log.pop()
            raise

    @property
    def state(self) -> NegotiationState:
        """The state of the machine after all that was said."""
        self._follow()
        return self._state

    @property
    def messages(self) -> list[Message]:
        """All messages, in order."""
        self._follow()
        return self._messages

    @property
    def offers(self) -> list[OfferMade]:
        """All offers, in order."""
        self._follow()
        return self._offers

    def salt(self, at: int | None = None) -> Salt:
        """The salt of the message at a place, or of the next one, drawn from the seed."""
        drawn = keccak(f"{self._mark}/{len(self._log) if at is None else at}".encode())
        return Salt.of(drawn[:16])

    def _follow(self) -> None:
        for sender, performative, body in self._log[len(self._messages) :]:
            payload = self._payload(sender, body)
            core = MessageCore.unchecked(
                negotiation=self._state.negotiation,
                sequence=self._state.sequence,
                previous=self._state.last,
                sender=sender,
                performative=performative,
                payload=payload.hash(),
                sent_at=self._machine.rules.opening.opened_at,
                expires_at=0,
            )
            message = Message.unchecked(core=core, signature=_UNSIGNED, payload=payload)
            step = self._machine.step(self._state, message)
            self._state = step.state
            self._messages.append(message)
            self._offers += [effect for effect in step.effects if isinstance(effect, OfferMade)]

    def _payload(self, sender: Address, body: Payload | Outcome | str | None) -> Payload:
        if isinstance(body, Payload):
            return body
        salt = self.salt(len(self._messages))
        if isinstance(body, tuple):
            rules = self._machine.rules
            return self._worded(rules.roles[rules.index[sender]], self._offer(salt, body))
        if isinstance(body, str):
            return payloads.Withdraw(salt=salt, reason=body)
        standing = self._state.offer
        return payloads.Accept(salt=salt, offer=self._state.last if standing is None else standing.message)

    def _offer(self, salt: Salt, outcome: Outcome) -> payloads.Offer:
        values = dict(self._domain.encoded(outcome))
        offer = payloads.Offer.unchecked(
            salt=salt, values=values, expires_at=0, assumptions=(), dependencies=(), final=False
        )
        offer.remember_canonical(
            {
                "schema": "parley/offer",
                "version": 1,
                "salt": salt,
                "values": values,
                "expires_at": 0,
                "assumptions": [],
                "dependencies": [],
                "final": False,
            }
        )
        return offer
