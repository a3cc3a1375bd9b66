"""What makes a negotiation stop by itself: repeats, weak offers, loops and the last round (docs/spec.md,
section 5).
"""

from __future__ import annotations

from parley.negotiation.errors import OfferWasFinal, RepeatLimit
from parley.negotiation.rules import Rules
from parley.negotiation.state import PAIR_BYTES, PartyRecord
from parley.negotiation.weak import is_weak
from parley.terms.values import Hash32, keccak

LOOP_AT = 3
_NO_OFFER = "00" * 32


def record_offer(
    rules: Rules, record: PartyRecord, values: tuple[int | str, ...], digest: Hash32, final: bool
) -> PartyRecord:
    """The party's record with its new offer in it.

    Raises `OfferWasFinal` after an offer that its sender called final, `RepeatLimit` when repeats or weak
    offers in a row exceed the cap.
    """
    if record.final:
        raise OfferWasFinal("The sender called its last offer final")
    repeats = 0
    if record.values is not None and is_weak(rules.domain, record.values, values):
        repeats = record.repeats + 1
        if repeats > rules.repeat_cap:
            raise RepeatLimit(
                "The offer repeats the sender's last one or concedes less than the minimum, once too often",
                repeats=repeats,
                repeat_cap=rules.repeat_cap,
                min_concession_ppm=rules.min_concession_ppm,
            )
    return PartyRecord(record.role, values, digest, final, repeats, record.queries, record.escalations)


def pair_digest(records: tuple[PartyRecord, ...]) -> bytes | None:
    """16 bytes for the combination of everyone's latest offers, None while fewer than two parties have made
    one.
    """
    digests = [record.digest for record in records]
    if len(digests) - digests.count(None) < 2:
        return None
    packed = "".join([_NO_OFFER if digest is None else digest[2:] for digest in digests])
    return keccak(bytes.fromhex(packed))[:PAIR_BYTES]


def with_pair(pairs: bytes, pair: bytes) -> tuple[bytes, bool]:
    """The packed list with `pair` added, and whether that makes a loop. What stands there already is not
    added again: standing still is the repeat cap's business, a loop is coming back.
    """
    if pairs.endswith(pair):
        return pairs, False
    pairs += pair
    return pairs, _occurrences(pairs, pair) >= LOOP_AT


def _occurrences(pairs: bytes, pair: bytes) -> int:
    """How often `pair` stands in the packed list."""
    count = 0
    at = pairs.find(pair)
    while at >= 0:
        if at % PAIR_BYTES == 0:
            count += 1
        at = pairs.find(pair, at + 1)
    return count


def new_round(records: tuple[PartyRecord, ...]) -> tuple[PartyRecord, ...]:
    """The records with the allowances that are counted by round given back."""
    if all(record.queries == 0 and record.escalations == 0 for record in records):
        return records
    return tuple(record._replace(queries=0, escalations=0) for record in records)
