"""Signed messages changed in every way that a hostile sender has: in their bytes, in their JSON, and signed
again over what makes no sense.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from parley.terms.message import Performative, build_message
from parley.terms.payloads import Accept, Query, Withdraw
from parley.terms.values import Hash32, Salt

JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**31,
    2**53,
    2**64,
    10**80,
    1.5,
    "",
    "0",
    "0x",
    "\x00",
    "\ud800",
    "é" * 300,
    "0x" + "00" * 20,
    "0x" + "00" * 32,
    "0x" + "ff" * 65,
    [],
    {},
    [[[[[[[[]]]]]]]],
    {"~": {"paths": ["a"], "sha256": "0" * 64}},
)
HALF_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class Mutants:
    """The same ones for the same seed. `talk` is at its first message; what comes is never admissible."""

    def __init__(self, talk: Any, seed: int) -> None:
        self._talk = talk
        self._dice = random.Random(seed)
        self._kinds: tuple[Callable[[], bytes], ...] = (
            self._replaced,
            self._replaced,
            self._dropped,
            self._added,
            self._flipped,
            self._cut,
            self._doubled,
            self._nested,
            self._twin,
            self._signed_nonsense,
            self._signed_nonsense,
        )

    def next(self) -> bytes:
        """The body of one request."""
        return self._dice.choice(self._kinds)()

    def _wire(self) -> dict[str, Any]:
        talk, dice = self._talk, self._dice
        offer = talk.offer(4_000_000 + 10_000 * dice.randrange(100), number=dice.randrange(10**6))
        return dict(talk.build(talk.buyer, Performative.PROPOSE, offer).wire())

    def _place(self, wire: dict[str, Any]) -> tuple[Any, Any]:
        inside: Any = wire
        while True:
            key = self._dice.choice(sorted(inside) if isinstance(inside, dict) else range(len(inside)))
            below = inside[key]
            if not isinstance(below, (dict, list)) or not below or self._dice.random() < 0.2:
                return inside, key
            inside = below

    def _replaced(self) -> bytes:
        wire = self._wire()
        inside, key = self._place(wire)
        inside[key] = self._dice.choice([junk for junk in JUNK if junk != inside[key]])
        return encoded(wire)

    def _dropped(self) -> bytes:
        wire = self._wire()
        inside, key = self._place(wire)
        del inside[key]
        return encoded(wire)

    def _added(self) -> bytes:
        wire = self._wire()
        inside, _ = self._place(wire)
        if isinstance(inside, dict):
            inside[self._dice.choice(("extra", "", "__proto__", "sequence ", "\x00"))] = self._dice.choice(
                JUNK
            )
        else:
            inside.append(self._dice.choice(JUNK))
        return encoded(wire)

    def _flipped(self) -> bytes:
        body = bytearray(encoded(self._wire()))
        for _ in range(self._dice.randint(1, 4)):
            place = self._dice.randrange(len(body))
            body[place] ^= 1 << self._dice.randrange(8)
        return bytes(body)

    def _cut(self) -> bytes:
        body = encoded(self._wire())
        return body[: self._dice.randrange(len(body))]

    def _doubled(self) -> bytes:
        """A key twice, with another value: parsers differ in which one counts."""
        text = encoded(self._wire()).decode()
        return text.replace('"sequence":', '"sequence":7,"sequence":', 1).encode()

    def _nested(self) -> bytes:
        return self._dice.choice((b"[", b'{"core":')) * self._dice.randint(10, 20_000)

    def _twin(self) -> bytes:
        """The same signature with the other s, or another recovery byte."""
        wire = self._wire()
        raw = bytes.fromhex(wire["signature"][2:])
        s = int.from_bytes(raw[32:64])
        other = (HALF_ORDER - s).to_bytes(32) if self._dice.random() < 0.5 else raw[32:64]
        end = bytes([self._dice.choice((0, 1, 2, 29, 255) if other == raw[32:64] else (27, 28))])
        wire["signature"] = "0x" + (raw[:32] + other + end).hex()
        return encoded(wire)

    def _signed_nonsense(self) -> bytes:
        """Well-formed and well signed, and still not admissible here and now."""
        talk, dice = self._talk, self._dice
        salt = Salt(f"0x{dice.randrange(2**128):032x}")
        offer = talk.offer(10_000_000 if dice.random() < 0.5 else 4_000_000, number=dice.randrange(10**6))
        stranger = self._talk.seller
        kinds = (
            (talk.buyer, Performative.COUNTER, offer, 1, talk.last),
            (stranger, Performative.PROPOSE, offer, 1, talk.last),
            (talk.buyer, Performative.ACCEPT, Accept(offer=talk.last, salt=salt), 1, talk.last),
            (talk.buyer, Performative.PROPOSE, talk.offer(4_000_000), dice.randrange(2, 10**6), talk.last),
            (talk.buyer, Performative.PROPOSE, talk.offer(4_000_000), 1, Hash32("0x" + "12" * 32)),
            (stranger, Performative.WITHDRAW, Withdraw(reason="x", salt=salt), 5, talk.last),
            (stranger, Performative.QUERY, Query(question="?", salt=salt), 0, talk.id),
        )
        agent, performative, payload, sequence, previous = dice.choice(kinds)
        negotiation = talk.id if dice.random() < 0.8 else Hash32(f"0x{dice.randrange(2**256):064x}")
        core = (sequence, previous, performative, payload, talk.opening.opened_at)
        return encoded(dict(build_message(agent.signer, talk.chain_id, negotiation, *core).wire()))


def encoded(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
