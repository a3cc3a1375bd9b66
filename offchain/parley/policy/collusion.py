"""Signals of collusion and of prices that stand out, counted over observations. Pure.

They are signals, not proofs: each says what is unusual, and a person looks. Amounts are base units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from parley.terms.values import Address

PPM = 1_000_000
Pair = tuple[Address, Address]
Flow = tuple[Address, Address, int, str]
"""Buyer, seller, amount and token of a deal."""


def ring_volume(deals: Iterable[Flow]) -> dict[tuple[Address, ...], int]:
    """For each agent what goes round in rings of three it belongs to, in one token: the smallest of the three
    flows, the largest ring counted. Trade in a ring leaves everybody where it was, but for the record.
    """
    flows: dict[str, dict[Address, dict[Address, int]]] = defaultdict(lambda: defaultdict(dict))
    for buyer, seller, amount, token in deals:
        out = flows[token][buyer]
        out[seller] = out.get(seller, 0) + amount
    found: dict[tuple[Address, ...], int] = defaultdict(int)
    for out_of in flows.values():
        for one, firsts in out_of.items():
            for two, first in firsts.items():
                for three, second in out_of.get(two, {}).items():
                    third = out_of.get(three, {}).get(one)
                    if third is not None and len({one, two, three}) == 3:
                        found[one,] = max(found[one,], min(first, second, third))
    return found


def unopposed(agreements: Iterable[tuple[Pair, bool]], minimum: int) -> dict[tuple[Address, ...], int]:
    """For each pair the share (ppm) of its agreements where the first offer was taken without a word, from
    `minimum` agreements on: who trades with itself does not bargain.
    """
    counts: dict[Pair, list[int]] = defaultdict(lambda: [0, 0])
    for pair, without in agreements:
        counts[_ordered(pair)][0] += 1
        counts[_ordered(pair)][1] += without
    return {pair: taken * PPM // all_ for pair, (all_, taken) in counts.items() if all_ >= minimum}


def mirrored(bids: Iterable[tuple[Address, str]]) -> dict[tuple[Address, ...], int]:
    """For each pair of bidders how often they revealed one and the same bid; a bid's text names its auction
    and round with its values.
    """
    bidders: Mapping[str, set[Address]] = defaultdict(set)
    for bidder, bid in bids:
        bidders[bid].add(bidder)
    found: dict[tuple[Address, ...], int] = defaultdict(int)
    for same in bidders.values():
        ordered = sorted(same)
        for at, one in enumerate(ordered):
            for other in ordered[at + 1 :]:
                found[one, other] += 1
    return found


def deviation(deals: Iterable[tuple[Pair, int, str]], minimum: int) -> dict[tuple[Address, ...], int]:
    """For each pair how far (ppm of the median) its price lies from the median of the deals of its group,
    the farthest counted; only in groups of `minimum` deals or more.
    """
    groups: dict[str, list[tuple[Pair, int]]] = defaultdict(list)
    for pair, amount, group in deals:
        groups[group].append((_ordered(pair), amount))
    found: dict[tuple[Address, ...], int] = defaultdict(int)
    for members in groups.values():
        if len(members) < max(minimum, 3):
            continue
        middle = sorted(amount for _, amount in members)[len(members) // 2]
        for pair, amount in members:
            found[pair] = max(found[pair], abs(amount - middle) * PPM // max(1, middle))
    return found


def _ordered(pair: Pair) -> Pair:
    return (min(pair), max(pair))
