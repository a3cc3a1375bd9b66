"""Random negotiations of every protocol, and one digest over all their bytes.

python tests/properties/replays.py COUNT [SEED]

Each negotiation is played at random from the listed next actions, written as JSON, parsed again and
replayed; the replayed state must equal the state, byte for byte. The digest covers every message and every
state, so two interpreters, machines or hash seeds that print the same digest gave the same bytes.
`scripts/replay_check` compares them.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "negotiation"))
from sealed_table import BOND, MEDIATOR, SealedTable, auction_domain, mediated_domain
from table import GATEWAY, REVIEWER, domain, signer

from parley.negotiation.errors import Refusal
from parley.negotiation.machine import Machine
from parley.negotiation.protocols.auction import SealedBids
from parley.negotiation.protocols.mediation import Mediated
from parley.negotiation.state import NegotiationState
from parley.terms.bonds import bond_deal_id
from parley.terms.message import Message
from parley.terms.payloads import Reveal
from parley.terms.terms import terms_of
from parley.terms.values import Address, Signature

_UNSIGNED = Signature("0x" + "00" * 65)
_STEPS = 60
_SELDOM = ("withdraw", "control", "timeout", "refuse", "fault")
ROLES = ("a", "b", "c", "d")


@dataclass(frozen=True)
class Hand:
    """An account without a key: the machine steps what was verified elsewhere."""

    address: Address

    def sign_digest(self, digest: bytes) -> Signature:
        return _UNSIGNED


class Quick(SealedTable):
    """Steps unsigned messages: the hash of a message does not depend on its signature."""

    def admit(self, message: Message) -> NegotiationState:
        step = self.machine.step(self.state, message)
        self.messages.append(message)
        self.state, self.effects = step.state, step.effects
        return self.state


_PARTIES = tuple(Hand(signer(at).address) for at in range(1, 6))
_OTHERS = tuple(Hand(hand.address) for hand in (MEDIATOR, GATEWAY, REVIEWER))


def opened(rng: Random) -> Quick:
    """A negotiation of a random protocol with random limits, message 0 played."""
    kind = rng.choice(("two", "many", "draw", "path", "auction", "auction", "mediated", "mediated"))
    limits = {
        "max_rounds": rng.randint(1, 6),
        "min_concession_ppm": rng.choice((0, 20_000)),
        "repeat_cap": rng.randint(0, 2),
        "max_queries": rng.randint(0, 1),
        "fallback": rng.choice(("abort", "escalate", "post")),
    }
    more: dict[str, Any] = {"approval": rng.choice((None, None, {"sub": [{"issue": "days"}, 5]}, 1))}
    parties = ROLES[: rng.randint(2, 4)]
    if kind == "auction":
        bidders = ("s1", "s2", "s3", "s4")[: rng.randint(1, 4)]
        section: dict[str, Any] = {
            "side": rng.choice(("buy", "sell")),
            "min_bids": rng.randint(1, min(2, len(bidders))),
        }
        section["pricing"] = rng.choice((None, None, "first-price", "posted"))
        if section["pricing"] == "posted":
            section["posted"] = "500"
        if rng.random() < 0.3:
            section["bond"] = BOND
        if rng.random() < 0.5:
            section["penalty"] = {"mul": [{"issue": "days"}, 13]}
        table = Quick(auction_domain(bidders, more, limits=limits, **section))
    elif kind == "mediated":
        table = Quick(mediated_domain(parties, more, **limits))
    elif kind == "draw":
        table = Quick(domain(parties, more, **limits), more={"draw": True})
    elif kind == "path":
        path = {"escalation": list(rng.sample(parties, rng.randint(1, len(parties))))}
        table = Quick(domain(parties, {**more, **path}, **{**limits, "fallback": "escalate"}))
    else:
        table = Quick(domain(parties if kind == "many" else ROLES[:2], more, **limits))
    table.play(_PARTIES[0], "open")  # type: ignore[arg-type]
    return table


def played(rng: Random) -> Quick:
    """A negotiation played at random to its end, or as far as `_STEPS` tries bring it."""
    table = opened(rng)
    for _ in range(_STEPS):
        if not table.state.live:
            break
        at = table.state.last_sent_at + rng.choice((0, 0, 0, 0, 0, 0, 0, 0, 3, 101))
        listed = [
            (hand, name)
            for hand in (*_PARTIES, *_OTHERS)
            for name in table.machine.next_actions(table.state, hand.address, at)
            if name not in _SELDOM or rng.random() < 0.003
        ]
        if not listed:
            continue
        hand, name = rng.choice(listed)
        if name == "fault":
            continue
        try:
            table.play(hand, name, sent_at=at, **_fields(table, hand, name, at, rng))  # type: ignore[arg-type]
        except Refusal:
            continue
    return table


def _values(rng: Random) -> dict[str, int | str]:
    return {
        "price": str(rng.randrange(0, 1_001, 100)),
        "days": rng.randint(0, 10),
        "colour": rng.choice(("red", "green")),
    }


def _fields(table: Quick, hand: Hand, name: str, at: int, rng: Random) -> dict[str, Any]:
    state = table.state
    place = next((i for i, party in enumerate(_PARTIES) if party == hand), None)
    fields: dict[str, Any] = {}
    if name == "commit" and place is not None:
        fields = _sealed(table, place, rng)
    elif name == "reveal" and place is not None:
        kept = table.kept.get((place + 1, state.round))
        if kept is not None:
            fields = {"salt": kept.salt, "values": kept.values, "ranking": kept.ranking}
    elif name == "award":
        fields = _awarded(table, at, rng)
    elif name == "call" and isinstance(table.machine.protocol, Mediated):
        fields["candidates"] = tuple(_values(rng) for _ in range(rng.randint(1, 8)))
    elif name in ("accept", "reject") and state.offer is not None:
        fields["offer"] = state.offer.message
    elif name in ("propose", "counter"):
        fields = {"values": _values(rng), "expires_at": rng.choice((0, at + 50))}
        fields["final"] = rng.random() < 0.05
    elif name in ("escalate", "approve", "refuse") and state.offer is not None:
        fields["terms"] = terms_of(table.of, state.negotiation, state.offer.offer).hash()
    if name == "reject":
        fields["final"] = rng.random() < 0.1
    if name in ("approve", "refuse"):
        fields.setdefault("terms", state.negotiation)
    if name == "approve":
        fields["expires_at"] = at + 500
    return fields


def _awarded(table: Quick, at: int, rng: Random) -> dict[str, Any]:
    state, protocol = table.state, table.machine.protocol
    fields: dict[str, Any] = {"values": _values(rng), "expires_at": at + rng.randint(0, 100)}
    if isinstance(protocol, SealedBids):
        fields["winner"], fields["values"] = protocol.award_values(state) or ("s1", fields["values"])
    if isinstance(protocol, Mediated):
        fields["values"] = protocol.award_values(state) or fields["values"]
    return fields


def _sealed(table: Quick, place: int, rng: Random) -> dict[str, Any]:
    state, protocol = table.state, table.machine.protocol
    table.drawn_salts += 1
    known = 0 if state.sealed is None else len(state.sealed.candidates)
    reveal = Reveal(
        salt=table.reveal_of(place + 1).salt,
        negotiation=state.negotiation,
        party=_PARTIES[place].address,
        round=state.round,
        values=_values(rng) if isinstance(protocol, SealedBids) else None,
        ranking=tuple(rng.sample(range(known), rng.randint(min(1, known), known)))
        if isinstance(protocol, Mediated)
        else None,
    )
    table.kept[place + 1, state.round] = reveal
    fields: dict[str, Any] = {"commitment": reveal.hash()}
    if table.of.auction is not None and table.of.auction.bond is not None and place:
        fields["bond"] = bond_deal_id(table.of, table.opening, table.opening.parties[place].role)
    return fields


def replayed(table: Quick) -> tuple[NegotiationState, bytes]:
    """The state after parsing every message from its JSON anew, and those bytes."""
    wire = b"\n".join(json.dumps(message.wire(), sort_keys=True).encode() for message in table.messages)
    machine = Machine(
        type(table.of).parse(table.of.as_json()), type(table.opening).parse(table.opening.as_json())
    )
    state = machine.initial()
    for line in wire.split(b"\n"):
        state = machine.step(state, Message.parse(line)).state
    return state, wire


def digest(count: int, seed: int = 0) -> tuple[str, dict[str, int]]:
    """The digest over `count` random negotiations, and how often each end was reached.

    Raises `AssertionError` for a replay that comes to another state.
    """
    whole = sha256()
    ends: dict[str, int] = {}
    for number in range(count):
        table = played(Random(f"{seed}/{number}"))
        again, wire = replayed(table)
        if again.canonical() != table.state.canonical() or again != table.state:
            raise AssertionError(f"negotiation {number} of seed {seed} replays to another state")
        whole.update(wire)
        whole.update(again.canonical())
        end = "live" if again.reason is None else again.reason.value
        ends[f"{table.of.protocol} {end}"] = ends.get(f"{table.of.protocol} {end}", 0) + 1
    return whole.hexdigest(), dict(sorted(ends.items()))


if __name__ == "__main__":
    found, reached = digest(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    sys.stdout.write(f"{found}\n")
    sys.stderr.write(json.dumps(reached) + "\n")
