"""Writes the test vectors of the sealed protocols and of the options of alternating offers.

.venv/bin/python tests/vectors/make_protocols.py [--check]

With --check nothing is written; it exits 1 when a file differs. A case has the domain, the opening and the
messages in wire form, and expects for each message the hash of the state after it or the code of its
refusal, the final state, and for an agreement the deals of its domain.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "unit" / "negotiation"))
from sealed_table import (  # noqa: E402 - found by the path above
    BOND,
    COMMIT_BY,
    MEDIATOR,
    SETTLEMENT,
    SealedTable,
    auction_domain,
    mediated_domain,
)
from table import REVIEWER, START, domain  # noqa: E402 - found by the path above

from parley.errors import ParleyError  # noqa: E402
from parley.evidence.merkle import transcript_root  # noqa: E402
from parley.negotiation.status import Status  # noqa: E402
from parley.terms.bonds import bond_deal_id  # noqa: E402
from parley.terms.derivation import Amended, derive_deals  # noqa: E402
from parley.terms.message import Message  # noqa: E402
from parley.terms.values import Hash32  # noqa: E402

Case = dict[str, Any]
FIVE = tuple({"price": str(100 * at), "days": at, "colour": "red"} for at in range(5))
OVER_400 = {"max": [0, {"sub": [{"issue": "price"}, 400]}]}
LATE = {"mul": [{"issue": "days"}, 33]}
AMENDED = Hash32("0x" + "0f" * 32)


class Story(SealedTable):
    """A table that notes every message and what became of it; what is refused does not stop it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.told: list[Message] = []
        self.outcomes: list[Any] = []

    def admit(self, message: Message) -> Any:
        self.told.append(message)
        try:
            state = super().admit(message)
        except ParleyError as error:
            self.outcomes.append({"refused": error.code})
            return self.state
        self.outcomes.append({"status": state.status.value, "state": state.hash()})
        return state

    def case(self, name: str) -> Case:
        expected: Case = {
            "negotiation": self.state.negotiation,
            "outcomes": self.outcomes,
            "final": self.state.document(),
        }
        if self.state.status is Status.ACCEPTED:
            expected["deals"] = self._deals()
        given = {
            "domain": self.of.as_json(),
            "opening": self.opening.as_json(),
            "messages": [message.wire() for message in self.told],
        }
        return {"name": name, "input": given, "expected": expected}

    def _deals(self) -> list[Any]:
        assert self.state.offer is not None
        hashes = [message.message_hash(self.opening.chain_id) for message in self.messages]
        amended = None if self.opening.amends is None else Amended(milestone=1, locked=440)
        deals = derive_deals(
            self.of,
            self.opening,
            self.state.offer.offer,
            transcript_root(hashes),
            len(hashes),
            self.state.last_sent_at,
            amended=amended,
        )
        return [deal.as_json() for deal in deals]


def auction(**section: Any) -> Story:
    more = {"settlements": [SETTLEMENT], **section.pop("more", {})}
    told = Story(auction_domain(more=more, **section))
    told.play(1, "open")
    return told


def bids(told: Story, *prices: int) -> Story:
    for who, price in enumerate(prices, 2):
        told.seal(who, price=price)
    for who in range(2, 2 + len(prices)):
        told.unseal(who)
    return told


def plain() -> Story:
    told = auction()
    told.seal(2, price=500)
    told.seal(2, price=400)
    told.seal(3, price=300)
    told.unseal(3)
    told.seal(4, price=420)
    for who in (4, 2, 3):
        told.unseal(who)
    told.award(values={"price": "300", "days": 0, "colour": "red"})
    told.award()
    told.answer(2)
    told.answer(3)
    return told


def priced(**section: Any) -> Story:
    told = bids(auction(**section), 500, 300, 420)
    told.award()
    told.answer(3)
    return told


def selling() -> Story:
    more = {"settlements": [{**SETTLEMENT, "buyer": "winner", "seller": "buyer"}]}
    told = bids(auction(side="sell", more=more), 500, 300, 420)
    told.award()
    told.answer(2)
    return told


def scored() -> Story:
    told = auction(penalty=LATE)
    told.seal(2, price=400, days=0)
    told.seal(3, price=300, days=2)
    told.seal(4, price=390, days=5)
    for who in (2, 3, 4):
        told.unseal(who)
    told.award()
    told.answer(3)
    return told


def bonded() -> Story:
    told = auction(bond=BOND)
    told.seal(2, price=300)
    for who, role in ((2, "s1"), (3, "s2")):
        told.seal(who, price=300 + 10 * who, bond=bond_deal_id(told.of, told.opening, role))
    told.unseal(2, COMMIT_BY + 1)
    told.unseal(3, COMMIT_BY + 101)
    told.award(sent_at=COMMIT_BY + 101, expires_at=COMMIT_BY + 150)
    told.answer(2, sent_at=COMMIT_BY + 150)
    return told


def second_best() -> Story:
    told = bids(auction(), 500, 300, 420)
    told.award()
    told.answer(3, "reject")
    told.award()
    told.answer(4)
    return told


def contradictory() -> Story:
    told = bids(auction(), 500, 300, 420)
    told.award()
    told.admit(told.convicting(3, by=2))
    told.admit(told.convicting(3, by=2))
    told.award()
    told.answer(4)
    return told


def few() -> Story:
    told = auction(min_bids=2, limits={"fallback": "post"})
    told.play(2, "withdraw")
    told.seal(3, price=300)
    told.seal(4, price=300)
    told.unseal(3)
    told.play(4, "withdraw")
    return told


def iterated() -> Story:
    told = bids(auction(limits={"max_rounds": 2}), 500, 300, 420)
    told.play(1, "call")
    bids(told, 280, 310, 400)
    told.play(1, "call")
    told.award()
    told.answer(2)
    return told


def gated() -> Story:
    told = bids(auction(more={"approval": OVER_400}), 500, 300, 420)
    award = told.awarding()
    told.admit(award)
    terms = told.terms_hash(award)
    told.play(1, "escalate", terms=terms)
    told.play(REVIEWER, "approve", terms=terms, expires_at=START + 60)
    payload = award.payload
    assert payload is not None
    told.award(salt=payload.salt, expires_at=award.core.expires_at)
    told.answer(3)
    return told


def sealed_bid() -> list[Case]:
    stories: list[tuple[str, Callable[[], Story]]] = [
        ("the second price, with what is refused on the way", plain),
        ("the first price", lambda: priced(pricing="first-price")),
        ("a posted price", lambda: priced(pricing="posted", posted="420")),
        ("a reserve below the second bid", lambda: priced(reserve="350")),
        ("a requester that sells", selling),
        ("a penalty for late days", scored),
        ("bonds, and a late reveal", bonded),
        ("a winner refuses", second_best),
        ("a winner contradicts itself", contradictory),
        ("too few are left", few),
        ("a second round", iterated),
        ("an approval before the award", gated),
    ]
    return [tell().case(name) for name, tell in stories]


def called(**fields: Any) -> Story:
    told = Story(mediated_domain(**fields))
    told.play(1, "open")
    told.seal(1, ranking=(0,))
    told.play(MEDIATOR, "call", candidates=FIVE)
    return told


def ranked(told: Story, *rankings: tuple[int, ...]) -> Story:
    for who, ranking in enumerate(rankings, 1):
        told.seal(who, ranking=ranking)
    for who in range(1, len(rankings) + 1):
        told.unseal(who)
    return told


def share(seller: str, bps: int) -> Case:
    return {**SETTLEMENT, "buyer": "a", "seller": seller, "price": {"bps": [{"issue": "price"}, bps]}}


SHARES = {"settlements": [share("b", 1_500), share("c", 8_500)]}


def met() -> Story:
    told = ranked(called(more=SHARES), (0, 1, 2), (4, 2, 1), (3, 1, 0))
    told.award(values=FIVE[0])
    told.award()
    for who in (2, 3, 3, 1):
        told.answer(who)
    return told


def apart() -> Story:
    told = ranked(called(max_rounds=2, fallback="post"), (0, 1), (2,), (1, 2))
    told.play(MEDIATOR, "call", candidates=FIVE)
    told.play(MEDIATOR, "call", candidates=FIVE[:3])
    return ranked(told, (0,), (1,), ())


def silent() -> Story:
    told = called()
    told.seal(1, ranking=(0,))
    told.play(2, "timeout", sent_at=START + 100)
    told.play(2, "timeout", sent_at=START + 101)
    return told


def mediated() -> list[Case]:
    stories: list[tuple[str, Callable[[], Story]]] = [
        ("rankings meet at the third, two linked deals", met),
        ("no overlap twice", apart),
        ("a party stays silent", silent),
    ]
    return [tell().case(name) for name, tell in stories]


def drawn() -> Story:
    told = Story(domain(("a", "b", "c"), SHARES), more={"draw": True})
    told.play(1, "open")
    told.play(1, "propose", price=400)
    for who in (1, 2, 3):
        told.seal(who)
    for who in (3, 2, 1):
        told.unseal(who)
    first = "abc".index(told.state.turn)
    told.play(first + 1, "propose", price=400)
    for step in (1, 2):
        told.play((first + step) % 3 + 1, "accept")
    return told


def last_word() -> Story:
    told = Story(domain(("a", "b", "c"), {"escalation": ["b", "a"]}, max_rounds=1, fallback="escalate"))
    told.play(1, "open")
    told.play(1, "propose", price=100)
    told.play(2, "counter", price=900)
    told.play(3, "counter", price=500)
    told.play(2, "resume")
    told.play(2, "counter", price=700)
    told.play(3, "reject", final=True)
    told.play(1, "resume")
    told.play(1, "counter", price=600)
    told.play(2, "accept")
    told.play(3, "accept")
    return told


def approval() -> Story:
    told = Story(domain(more={"approval": OVER_400}))
    told.play(1, "open")
    told.play(1, "propose", price=500)
    told.play(2, "accept")
    award = told.messages[-1]
    terms = told.terms_hash(award)
    told.play(2, "escalate", terms=terms)
    told.play(REVIEWER, "approve", terms=terms, expires_at=START + 9)
    told.play(2, "accept", sent_at=START + 10)
    told.play(2, "accept", sent_at=START + 9)
    return told


def amendment() -> Story:
    halves = [
        {"amount": {"floor_div": [{"var": "price"}, 2]}, "deliver_by": {"add": [{"var": "open_by"}, 86_400]}},
        {"amount": {"rest": True}, "deliver_by": {"add": [{"var": "open_by"}, 172_800]}},
    ]
    settlement = {**SETTLEMENT, "seller": "seller", "milestones": halves, "remaining": True}
    told = Story(domain(more={"settlements": [settlement]}), more={"amends": AMENDED})
    told.play(1, "open")
    told.play(1, "propose", price=410)
    told.play(2, "accept")
    return told


def options() -> list[Case]:
    stories: list[tuple[str, Callable[[], Story]]] = [
        ("the first proposer is drawn, two linked deals", drawn),
        ("a deadlock goes along the escalation path", last_word),
        ("an approval before the agreement", approval),
        ("an amendment of the second milestone", amendment),
    ]
    return [tell().case(name) for name, tell in stories]


SUBJECTS: dict[str, Callable[[], list[Case]]] = {
    "sealed-bid": sealed_bid,
    "mediated": mediated,
    "alternating-options": options,
}


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--check", action="store_true", help="write nothing, exit 1 when a file differs")
    check = arguments.parse_args().check
    differing = []
    for subject, make in SUBJECTS.items():
        document = {"schema": f"parley/vectors/{subject}", "version": 1, "cases": make()}
        text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        path = HERE / f"{subject}.json"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            differing.append(subject)
            if not check:
                path.write_text(text, encoding="utf-8")
    if check and differing:
        sys.stderr.write(f"differing: {', '.join(differing)}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
