"""Verification of signed messages (T6), as a share of bare signature recovery in the same run."""

from __future__ import annotations

import json

from coincurve import PublicKey

from bench.clock import median, microseconds, ratio
from bench.model import Bench, Result, Target
from parley.terms.message import Message, Performative, build_message, verify_message
from parley.terms.payloads import Context, Offer
from parley.terms.signing import LocalSigner, check_signature
from parley.terms.values import Hash32, Salt, keccak

T6 = Target("T6", "verification of a signed message, as a share of bare recovery", "ratio", 1.5)

CHAIN = 31_337
MESSAGES = 1_000
SIGNERS = 16
ROUNDS = 9
NOW = 2_000_000_000


def messages() -> list[bytes]:
    """Offers over five issues as they arrive on the wire, from several signers, each different."""
    signers = [LocalSigner(keccak(b"bench signer %d" % index)) for index in range(SIGNERS)]
    wire: list[bytes] = []
    previous = Hash32.of(keccak(b"negotiation"))
    for index in range(MESSAGES):
        offer = Offer(
            values={
                "price": str(10**9 - index * 10**5),
                "quantity": 8 + index % 5,
                "delivery_hours": 24,
                "region": "eu-west",
                "support": "business-hours",
            },
            expires_at=NOW + index + 600,
            assumptions=("capacity as listed",),
            dependencies=(),
            context=Context(rationale="inside the budget of this quarter", confidence_ppm=850_000),
            final=False,
            salt=Salt.of(keccak(b"salt %d" % index)[:16]),
        )
        message = build_message(
            signers[index % SIGNERS],
            CHAIN,
            Hash32.of(keccak(b"negotiation")),
            index,
            previous,
            Performative.COUNTER,
            offer,
            NOW + index,
        )
        previous = message.message_hash(CHAIN)
        wire.append(json.dumps(message.wire()).encode())
    return wire


def run() -> list[Result]:
    wire = messages()
    held: list[Message] = []

    def fresh() -> None:
        """Parses everything again: models keep their hashes once these were computed."""
        held[:] = [Message.parse(text) for text in wire]

    fresh()
    digests = [message.core.digest(CHAIN) for message in held]
    raw = [bytes.fromhex(message.signature[2:]) for message in held]
    signatures = [signature[:64] + bytes((signature[64] - 27,)) for signature in raw]

    def recover(index: int) -> object:
        return PublicKey.from_signature_and_message(signatures[index], digests[index], hasher=None)

    def core(index: int) -> None:
        message = held[index]
        check_signature(message.core.digest(CHAIN), message.signature, message.core.sender)

    def whole(index: int) -> object:
        return verify_message(held[index], CHAIN)

    def parse(index: int) -> object:
        return Message.parse(wire[index])

    work = {"floor": recover, "core": core, "whole": whole, "parse": parse}
    taken = microseconds(work, items=MESSAGES, rounds=ROUNDS, prepare=fresh)
    return [
        T6.measured(
            ratio(taken["whole"], taken["floor"]),
            how=f"{MESSAGES} different offers of five issues by {SIGNERS} signers, verified one by one with "
            "parley.terms.message.verify_message: EIP-712 digest of the core, strict recovery, comparison "
            "with the sender, hash of the payload's canonical bytes. The floor is coincurve's recovery of "
            f"the same signatures alone. Processor time, median ratio of {ROUNDS} rounds in which the "
            "functions take turns; parsing is not part of it.",
            parts={
                "floor, µs": median(taken["floor"]),
                "whole, µs": median(taken["whole"]),
                "without the hash of the payload, ratio": ratio(taken["core"], taken["floor"]),
                "parsing and validating the wire form, µs": median(taken["parse"]),
            },
        )
    ]


BENCH = Bench("messages", "verification of signed messages (T6)", run)
