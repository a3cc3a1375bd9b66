"""Signed messages: verification as a share of bare recovery (T6), and a gateway's work for each (T7)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import httpx
from coincurve import PublicKey

from bench.clock import median, microseconds, ratio
from bench.gateway_process import ESCROW, running
from bench.model import Bench, Result, Target
from bench.talks import BUYER, CHAIN, POLICY, SELLER, Talk, encoded, offer, signed_in, talk
from parley.errors import ParleyError
from parley.terms.message import Message, Performative, build_message, verify_message
from parley.terms.signing import LocalSigner, check_signature
from parley.terms.values import Hash32, keccak

T6 = Target("T6", "verification of a signed message, as a share of bare recovery", "ratio", 1.5)
T7 = Target("T7", "a gateway's processor time for one signed message, posted alone", "µs", 450)
T7B = Target("T7b", "a gateway's processor time for one signed message, in batches of 20", "µs", 180)

MESSAGES = 1_000
SIGNERS = 16
ROUNDS = 9
NOW = 2_000_000_000
TALKS = 5
OFFERS = 300
BATCH = 20


def messages() -> list[bytes]:
    """Offers over five issues as they arrive on the wire, from several signers, each different."""
    signers = [LocalSigner(keccak(b"bench signer %d" % index)) for index in range(SIGNERS)]
    wire: list[bytes] = []
    previous = Hash32.of(keccak(b"negotiation"))
    for index in range(MESSAGES):
        message = build_message(
            signers[index % SIGNERS],
            CHAIN,
            Hash32.of(keccak(b"negotiation")),
            index,
            previous,
            Performative.COUNTER,
            offer(index, NOW + index + 600),
            NOW + index,
        )
        previous = message.message_hash(CHAIN)
        wire.append(encoded(message.wire()))
    return wire


def verification() -> Result:
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
    return T6.measured(
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


def admission(talks: int = TALKS, offers: int = OFFERS) -> list[Result]:
    """T7: the processor time of a whole gateway process for each message that is posted to it, and that of a
    process which does only what no gateway can leave out.
    """
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
        folder = Path(name)
        policy = folder / "policy.json"
        policy.write_bytes(encoded(POLICY))
        with (
            running(folder, policy) as gateway,
            running(folder, policy, "bench.floor_process") as floor,
            httpx.Client(base_url=gateway.url, timeout=60) as http,
            httpx.Client(base_url=floor.url, timeout=60) as bare,
        ):
            headers = {agent.address: signed_in(http, agent) for agent in (BUYER, SELLER)}

            def post(path: str, body: bytes, agent: LocalSigner) -> None:
                answer = http.post(path, content=body, headers=headers[agent.address])
                results = answer.json().get("results", [])
                if answer.status_code >= 300 or any("receipt" not in result for result in results):
                    raise MessageRefused("A measured message was refused.", answer=answer.text[:400])

            def drop(path: str, body: bytes, agent: LocalSigner) -> None:
                bare.post(path, content=body, headers=headers[agent.address]).raise_for_status()

            spent: dict[str, list[float]] = {"alone": [], "floor": [], "together": [], "floor together": []}
            for number in range(2 * talks + 2):
                one = talk(number, offers, escrow=ESCROW, gateway=gateway.address)
                post("/v1/negotiations", one.opening, BUYER)
                alone = number % 2 == 0
                requests = singly(one) if alone else batches(one)
                for kind, process, send in (("floor", floor, drop), ("", gateway, post)):
                    before = process.cpu_seconds()
                    for request in requests:
                        send(*request)
                    if number > 1:
                        named = f"{kind} {'' if alone else 'together'}".strip() or "alone"
                        spent[named].append((process.cpu_seconds() - before) / offers * 1e6)
    alone_result = T7.measured(
        median(spent["alone"]),
        how="Processor time (user and system, all threads) of a gateway process on SQLite (WAL, full "
        f"synchronisation), divided by the messages it took: {talks} negotiations of {offers} offers each, "
        "median, after one to warm up. Every message is posted alone over HTTP on one connection and is "
        "parsed, validated, verified, judged by 20 policy rules, appended durably and answered with a signed "
        "receipt before the next. The floor, in turns with it: a process without framework, checks, policy "
        "and hash chains that takes the same requests, recovers and makes one signature for each message, "
        "and commits two rows for it in the same way.",
        parts=_parts(spent["alone"], spent["floor"]),
    )
    batched = T7B.measured(
        median(spent["together"]),
        how=f"As T7, {BATCH} messages of one negotiation in each request: one append, a receipt for each.",
        parts=_parts(spent["together"], spent["floor together"]),
    )
    return [alone_result, batched]


def singly(one: Talk) -> list[tuple[str, bytes, LocalSigner]]:
    """Each offer as a request of its own."""
    return [(one.path, body, agent) for agent, body in one.offers]


def batches(one: Talk) -> list[tuple[str, bytes, LocalSigner]]:
    """The buyer hands in the messages of both: each is signed by its sender."""
    bodies = [body for _, body in one.offers]
    parts = [bodies[start : start + BATCH] for start in range(0, len(bodies), BATCH)]
    return [("/v1/messages:batch", b'{"messages":[' + b",".join(part) + b"]}", BUYER) for part in parts]


def _parts(spent: list[float], floor: list[float]) -> dict[str, float]:
    return {
        "fastest, µs": round(min(spent), 1),
        "slowest, µs": round(max(spent), 1),
        "floor, µs": median(floor),
        "share of the floor, ratio": ratio(spent, floor),
    }


class MessageRefused(ParleyError):
    """The measured gateway did not take a message: its time says nothing."""

    code = "bench.message-refused"
    next_action = "read the answer; the benchmark or the gateway changed"


def run() -> list[Result]:
    return [verification(), *admission()]


def short() -> list[Result]:
    """With few messages."""
    return [verification(), *admission(1, 60)]


BENCH = Bench(
    "messages", "verification of signed messages, and a gateway that takes them (T6, T7)", run, short
)
