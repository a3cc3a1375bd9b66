"""Hypothesis drives auctions, mediated coalitions, draws and escalation paths with arbitrary interleavings.

No crash, no illegal state, no endless run; what is listed as a next action is admitted unless its content is
wrong, what is not listed is refused, and a replay gives the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from parley.negotiation.errors import Refusal
from parley.negotiation.protocols.auction import SealedBids
from parley.negotiation.protocols.bidding import forfeits
from parley.negotiation.protocols.mediation import Mediated
from parley.negotiation.sealed import Phase
from parley.negotiation.status import Reason, Status
from parley.terms.message import Message
from parley.terms.terms import terms_of
from parley.terms.values import Hash32

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "negotiation"))
from sealed_table import BOND, MEDIATOR, SealedTable, auction_domain, mediated_domain
from table import CHAIN, GATEWAY, REVIEWER, START, STRANGER, domain, salt, signer

from parley.terms.bonds import bond_deal_id

OTHER = Hash32("0x" + "77" * 32)
HANDS = (*(signer(at) for at in range(1, 5)), MEDIATOR, GATEWAY, REVIEWER, STRANGER)
NAMES = (
    "commit", "reveal", "award", "call", "accept", "reject", "withdraw", "escalate", "resume", "approve",
    "refuse", "timeout", "control", "query", "propose", "counter",
)  # fmt: skip
PATIENCE = st.sampled_from([0, 0, 0, 0, 0, 1, 11, 101, 101, 4_000])
HURRY = st.sampled_from([0] * 12 + [1, 101])
ENDING = ("fault", "control", "refuse", "withdraw", "timeout", "query", "inform")
FIVE = tuple({"price": str(100 * at), "days": at, "colour": "red"} for at in range(5))
JUDGED = frozenset(("commit", "reveal", "award", "call", "accept", "reject", "approve", "refuse", "counter"))
"""Listed by phase, refused by content."""
BIDDING = ("s1", "s2", "s3")


class Sealing(RuleBasedStateMachine):
    """Anyone says anything at any time, in any protocol that seals."""

    table: SealedTable

    @initialize(
        kind=st.sampled_from(["auction", "auction", "mediated", "mediated", "draw", "path"]),
        rounds=st.integers(1, 3),
        bidders=st.integers(1, 3),
        least=st.integers(1, 2),
        pricing=st.sampled_from([None, "first-price", "posted"]),
        side=st.sampled_from(["buy", "sell"]),
        bonded=st.booleans(),
        gated=st.sampled_from([None, None, 1]),
        fallback=st.sampled_from(["abort", "escalate", "post"]),
    )
    def open_it(
        self,
        kind: str,
        rounds: int,
        bidders: int,
        least: int,
        pricing: str | None,
        side: str,
        bonded: bool,
        gated: int | None,
        fallback: str,
    ) -> None:
        more = {"approval": gated}
        limits = {"max_rounds": rounds, "fallback": fallback}
        if kind == "auction":
            extra = {"posted": "500"} if pricing == "posted" else {}
            bond = {"bond": BOND} if bonded else {}
            fields: dict[str, Any] = {
                "pricing": pricing,
                "side": side,
                "min_bids": min(least, bidders),
                **extra,
                **bond,
            }
            of = auction_domain(BIDDING[:bidders], more, limits=limits, **fields)
            self.table = SealedTable(of)
        elif kind == "mediated":
            self.table = SealedTable(mediated_domain(more=more, **limits))
        elif kind == "draw":
            self.table = SealedTable(domain(("a", "b", "c"), more, **limits), more={"draw": True})
        else:
            path = {"escalation": ["b", "a"]} if fallback == "escalate" else {}
            self.table = SealedTable(domain(("a", "b", "c"), {**more, **path}, **limits))
        self.table.play(1, "open")
        self.spoken = 0

    def _commit_fields(self, hand: int, price: int, pick: int, honest: bool) -> dict[str, Any]:
        table, who = self.table, hand + 1
        protocol = table.machine.protocol
        fields: dict[str, Any] = {"commitment": OTHER}
        if honest and who <= len(table.opening.parties):
            told: dict[str, Any] = {"price": price} if isinstance(protocol, SealedBids) else {}
            if isinstance(protocol, Mediated):
                told = {"ranking": tuple((pick + step) % 5 for step in range(1 + pick % 5))}
            reveal = table.reveal_of(who, **told)
            table.kept[who, table.state.round] = reveal
            fields["commitment"] = reveal.hash()
        if table.of.auction is not None and table.of.auction.bond is not None:
            role = table.opening.parties[hand].role if who <= len(table.opening.parties) else "buyer"
            fields["bond"] = OTHER if role == "buyer" else bond_deal_id(table.of, table.opening, role)
        return fields

    def _fields(self, hand: int, name: str, price: int, pick: int, honest: bool, at: int) -> dict[str, Any]:
        table = self.table
        protocol = table.machine.protocol
        state = table.state
        fields: dict[str, Any] = {}
        if name == "commit":
            fields = self._commit_fields(hand, price, pick, honest)
        if name == "award":
            fields["values"] = FIVE[pick % 5]
            fields["expires_at"] = at + 10
            if isinstance(protocol, SealedBids) and honest:
                fields["winner"], fields["values"] = protocol.award_values(state) or ("s1", FIVE[0])
            if isinstance(protocol, Mediated) and honest:
                fields["values"] = protocol.award_values(state) or FIVE[0]
        if name == "call" and isinstance(protocol, Mediated):
            fields["candidates"] = FIVE if honest else FIVE[: pick + 1]
        if name in ("accept", "reject"):
            fields["offer"] = OTHER if state.offer is None or not honest else state.offer.message
            if name == "reject":
                fields["final"] = bool(pick % 2)
        if name in ("propose", "counter"):
            fields["price"] = price
        if name in ("approve", "refuse", "escalate"):
            terms = OTHER
            if state.offer is not None:
                terms = terms_of(table.of, state.negotiation, state.offer.offer).hash()
            fields["terms"] = terms
        if name == "approve":
            fields["expires_at"] = START + 10_000
        return fields

    def _message(self, hand: int, name: str, price: int, pick: int, honest: bool, at: int) -> Message:
        table = self.table
        kept = table.kept.get((hand + 1, table.state.round))
        if name == "reveal" and honest and kept is not None:
            return table.unsealing(hand + 1, at)
        fields = self._fields(hand, name, price, pick, honest, at)
        self.spoken += 1
        fields.setdefault("salt", salt(2**100 + self.spoken))
        if name in ("propose", "counter"):
            fields["expires_at"] = 0
        return table.sign(HANDS[hand], name, sent_at=at, **fields)

    @rule(
        hand=st.integers(0, len(HANDS) - 1),
        name=st.sampled_from(NAMES),
        later=PATIENCE,
        price=st.integers(0, 10).map(lambda tens: tens * 100),
        pick=st.integers(0, 4),
        honest=st.booleans(),
    )
    def say(self, hand: int, name: str, later: int, price: int, pick: int, honest: bool) -> None:
        self._try(hand, name, self.table.state.last_sent_at + later, price, pick, honest)

    @rule(data=st.data(), steps=st.integers(1, 8), price=st.integers(0, 10).map(lambda tens: tens * 100))
    def go_on(self, data: st.DataObject, steps: int, price: int) -> None:
        """Some things that are listed and end nothing, so that runs get far."""
        for _ in range(steps):
            table = self.table
            at = table.state.last_sent_at + data.draw(HURRY)
            listed = [
                (hand, name)
                for hand, signs in enumerate(HANDS)
                for name in table.machine.next_actions(table.state, signs.address, at)
                if name not in ENDING
            ]
            if not listed:
                return
            hand, name = data.draw(st.sampled_from(listed))
            self._try(hand, name, at, price, data.draw(st.integers(0, 4)), True)

    def _try(self, hand: int, name: str, at: int, price: int, pick: int, honest: bool) -> None:
        table, before = self.table, self.table.state
        allowed = table.machine.next_actions(before, HANDS[hand].address, at)
        message = self._message(hand, name, price, pick, honest, at)
        try:
            table.admit(message)
        except Refusal:
            assert table.state is before
            assert name not in allowed or name in JUDGED, (name, allowed)
            return
        assert name in allowed, (name, allowed)

    @invariant()
    def it_is_consistent(self) -> None:
        state, of = self.table.state, self.table.of
        parties = len(state.records)
        assert (state.reason is None) == state.live
        assert not (state.held and not state.live)
        assert state.round <= of.limits.max_rounds + 1 + 2 * len(of.escalation or ())
        a_round = 8 * parties + parties * of.limits.max_queries + 6
        assert state.sequence <= 1 + 2 * parties + (of.limits.max_rounds + 4) * a_round
        if of.approval is not None and state.status is Status.ACCEPTED and state.offer is not None:
            terms = terms_of(of, state.negotiation, state.offer.offer).hash()
            assert any(granted.terms == terms for granted in state.approvals)

    @invariant()
    def an_award_is_what_was_revealed(self) -> None:
        state, protocol = self.table.state, self.table.machine.protocol
        if isinstance(protocol, SealedBids) and state.sealed is not None:
            if state.offer is not None:
                assert state.sealed.winner == state.offer.offer.winner  # type: ignore[attr-defined]
                price = state.offer.values[0]
                seal = state.sealed.seal_of(state.sealed.winner or "")
                assert seal is not None
                assert seal.values is not None
                better = price >= seal.values[0] if protocol.pricing.buying else price <= seal.values[0]
                assert better  # nobody is paid less than it asked, nobody pays more than it bid
            assert set(forfeits(self.table.machine.rules, state)) <= {
                seal.role for seal in state.sealed.seals
            }
        if isinstance(protocol, Mediated) and state.offer is not None and state.status is Status.ACCEPTED:
            assert set(state.acceptances) == set(self.table.of.roles)

    @invariant()
    def no_seal_is_taken_after_one_is_open(self) -> None:
        state, protocol = self.table.state, self.table.machine.protocol
        sealed = state.sealed
        if isinstance(protocol, SealedBids | Mediated) and sealed is not None and state.live:
            opened = any(seal.revealed for seal in sealed.seals)
            assert not opened or protocol.phase(state, state.last_sent_at) is not Phase.COMMIT

    def teardown(self) -> None:
        if not hasattr(self, "table"):
            return
        table = self.table
        reason = "live" if table.state.reason is None else table.state.reason.value
        event(f"{type(table.machine.protocol).__name__}: {reason}")
        again = table.machine.replay(table.messages, CHAIN)
        assert again.canonical() == table.state.canonical()
        assert again == table.state
        if table.state.live:  # it can always be brought to its end
            end = table.sign(1, "timeout", sent_at=table.opening.deadline + 1)
            assert table.machine.admit(table.state, end, CHAIN).state.reason is Reason.DEADLINE


TestSealing = Sealing.TestCase
TestSealing.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
