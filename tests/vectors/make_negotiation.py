"""Writes the test vectors of `parley.negotiation` and `parley.reputation`, from fixed keys and stories.

.venv/bin/python tests/vectors/make_negotiation.py [--check]

With --check nothing is written; it exits 1 when a file differs. `state-machine.json`: a case has the domain,
the opening and the messages in wire form, and expects for each message either the hash of the state after it
or the code of its refusal. `reputation.json`: a case has the chain's events with block timestamps, and
expects weights and score by party.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from parley.errors import ParleyError
from parley.reputation import Closed, Event, Lapsed, Opened, Outcome, Ruled, Settled, fold, score_ppm, weights
from parley.terms.message import Message
from parley.terms.values import Address, Hash32

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "unit" / "negotiation"))
from table import GATEWAY, REVIEWER, START, STRANGER, Table, domain, signer  # noqa: E402 - found by the path above

Case = dict[str, Any]
TERMS = Hash32("0x" + "77" * 32)
DAY = 86_400


class Story(Table):
    """A table that notes every message and what became of it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.told: list[Message] = []
        self.outcomes: list[Any] = []

    def say(self, who: Any, name: str, **fields: Any) -> Story:
        return self.tell(self.sign(who, name, **fields))

    def tell(self, message: Message) -> Story:
        self.told.append(message)
        try:
            self.admit(message)
        except ParleyError as error:
            self.outcomes.append({"refused": error.code})
        else:
            self.outcomes.append({"status": self.state.status.value, "state": self.state.hash()})
        return self

    def case(self, name: str) -> Case:
        return {
            "name": name,
            "input": {
                "domain": self.of.as_json(),
                "opening": self.opening.as_json(),
                "messages": [message.wire() for message in self.told],
            },
            "expected": {
                "negotiation": self.state.negotiation,
                "outcomes": self.outcomes,
                "final": self.state.document(),
            },
        }


def story(**limits: Any) -> Story:
    return Story(domain(**limits)).say(1, "open")


def agreement() -> Story:
    told = story().say(1, "propose", price=100).say(2, "query").say(2, "counter", price=900, days=3)
    return told.say(1, "counter", price=500, expires_at=START + 60).say(2, "accept", sent_at=START + 60)


def refusals() -> Story:
    told = story()
    told.say(2, "propose", price=100).say(1, "counter", price=100).say(STRANGER, "withdraw")
    told.say(1, "propose", price=105).say(1, "propose", price=100, sequence=3).say(1, "propose", price=100)
    told.say(1, "counter", price=200).say(2, "accept", offer=TERMS).say(2, "timeout").say(2, "control")
    return told.say(2, "accept", sent_at=START + 3_601).say(2, "reject", final=True).say(1, "withdraw")


def duplicates() -> Story:
    told = story()
    first, second = told.sign(1, "propose", price=100), told.sign(1, "propose", price=200)
    return told.tell(first).tell(first).tell(second).say(2, "counter", price=900).tell(first)


def approved() -> Story:
    told = story().say(1, "propose", price=100).say(2, "escalate", terms=TERMS).say(2, "accept")
    told.say(REVIEWER, "approve", terms=told.state.negotiation, expires_at=START + 99)
    return told.say(REVIEWER, "approve", terms=TERMS, expires_at=START + 99).say(2, "accept")


def refused() -> Story:
    return story().say(1, "escalate").say(2, "resume").say(REVIEWER, "refuse", terms=TERMS)


def rounds(fallback: str) -> Story:
    told = story(max_rounds=2, fallback=fallback)
    told.say(1, "propose", price=0).say(2, "counter", price=1_000).say(1, "counter", price=10)
    told.say(2, "counter", price=990)
    if fallback == "escalate":
        told.say(1, "accept").say(REVIEWER, "resume").say(1, "counter", price=20).say(1, "accept")
    return told


def repeats() -> Story:
    told = story(repeat_cap=1, min_concession_ppm=20_000, max_rounds=20)
    told.say(1, "propose", price=100).say(2, "counter", price=900).say(1, "counter", price=110)
    told.say(2, "counter", price=880).say(1, "counter", price=110)
    return told.say(1, "counter", price=130).say(2, "counter", price=880, days=1)


def loop() -> Story:
    told = story(repeat_cap=9, max_rounds=20).say(1, "propose", price=100)
    for price in (110, 100, 110, 100):
        told.say(2, "counter", price=900).say(1, "counter", price=price)
    return told


def expired() -> Story:
    told = story().say(1, "propose", price=100, expires_at=START + 5).say(2, "accept", sent_at=START + 6)
    return told.say(2, "timeout", sent_at=START + 5).say(2, "timeout", sent_at=START + 6)


def deadline() -> Story:
    return story().say(1, "propose", price=100).say(1, "timeout", sent_at=START + 3_601)


def controlled() -> Story:
    return story().say(1, "escalate").say(GATEWAY, "control", sent_at=START + 9_999)


def final_offer() -> Story:
    told = story().say(1, "propose", price=100, final=True).say(2, "counter", price=900)
    return told.say(1, "counter", price=200).say(1, "reject").say(2, "counter", price=800).say(1, "accept")


def three() -> Story:
    told = story(roles=("a", "b", "c")).say(1, "propose", price=100).say(2, "accept")
    return told.say(3, "counter", price=200).say(1, "accept").say(1, "accept").say(2, "accept")


def state_machine() -> list[Case]:
    stories: list[tuple[str, Callable[[], Story]]] = [
        ("offers, a question and an agreement at the expiry", agreement),
        ("refusals change nothing", refusals),
        ("duplicates and equivocation", duplicates),
        ("a hold, an approval and an agreement", approved),
        ("a reviewer refuses", refused),
        ("the last round aborts", lambda: rounds("abort")),
        ("the last round posts", lambda: rounds("post")),
        ("the last round escalates", lambda: rounds("escalate")),
        ("repeats and weak offers", repeats),
        ("a loop", loop),
        ("an offer expires", expired),
        ("the deadline passes", deadline),
        ("a gateway stops a held negotiation", controlled),
        ("a final offer", final_offer),
        ("three parties", three),
    ]
    return [tell().case(name) for name, tell in stories]


TOKEN, JUNK = Address("0x" + "70" * 20), Address("0x" + "71" * 20)
A, B, C = (signer(at).address for at in (1, 2, 3))


def told(event: Event) -> dict[str, Any]:
    fields = asdict(event)
    if "price" in fields:
        fields["price"] = str(fields["price"])
    if "outcome" in fields:
        fields["outcome"] = Outcome(fields["outcome"]).name.lower()
    return {"event": type(event).__name__.lower(), **fields}


def one(number: int, price: int, opened: int, closed: int, *between: Event, **changes: Any) -> list[Event]:
    deal = Hash32.of(number.to_bytes(32, "big"))
    opening = Opened(
        deal, changes.get("buyer", A), changes.get("seller", B), changes.get("token", TOKEN), price, opened
    )
    outcome = changes.get("outcome")
    last: Event = Settled(deal, 0, 0, closed) if outcome is None else Closed(deal, outcome, closed)
    return [opening, *between, last]


def reputation() -> list[Case]:
    usd = 10**6
    first = Hash32.of((1).to_bytes(32, "big"))
    cases: list[tuple[str, list[Event], int]] = [
        ("nobody has dealt yet", [], 0),
        ("one deal of ten days", one(1, 1_000 * usd, 0, 10 * DAY), 10 * DAY),
        ("half a year and a bit later", one(1, 1_000 * usd, 0, 10 * DAY), 200 * DAY + 1),
        ("instant", one(1, 50 * usd, 5, 5), 6),
        ("dust and a fortune", one(1, 1, 0, DAY) + one(2, 2**128 - 1, 0, DAY), 2 * DAY),
        ("default", one(1, 500 * usd, 0, 3 * DAY, outcome=Outcome.DEFAULTED), 4 * DAY),
        (
            "walked away, rejected, split, cancelled, amended",
            [
                event
                for at, outcome in enumerate(
                    (
                        Outcome.WALKED_AWAY,
                        Outcome.REJECTION_CLOSED,
                        Outcome.SPLIT,
                        Outcome.CANCELLED_BY_BUYER,
                        Outcome.AMENDED,
                    )
                )
                for event in one(at, 300 * usd, 0, DAY, outcome=outcome)
            ],
            2 * DAY,
        ),
        (
            "a ruling against the seller",
            one(1, 900 * usd, 0, 5 * DAY, Ruled(first, C, 0, 2_500, 4 * DAY)),
            6 * DAY,
        ),
        (
            "a ruling against the buyer",
            one(1, 900 * usd, 0, 5 * DAY, Ruled(first, C, 0, 9_000, 4 * DAY)),
            6 * DAY,
        ),
        ("a lapse", one(1, 900 * usd, 0, 5 * DAY, Lapsed(first, C, 0, 4 * DAY)), 6 * DAY),
        (
            "a captive counterparty counts one",
            [event for at in range(9) for event in one(at, 800 * usd, 0, 9 * DAY)],
            9 * DAY,
        ),
        (
            "a connected one counts five",
            [event for at in range(9) for event in one(at, 800 * usd, 0, 9 * DAY)]
            + one(50, 800 * usd, 0, 9 * DAY, buyer=C)
            + one(51, 800 * usd, 0, 9 * DAY, seller=C),
            9 * DAY,
        ),
        (
            "many defaults count ten",
            [event for at in range(9) for event in one(at, 800 * usd, 0, 9 * DAY, outcome=Outcome.DEFAULTED)],
            9 * DAY,
        ),
        ("junk counts nothing", one(1, 10**30, 0, 90 * DAY, token=JUNK), 90 * DAY),
    ]
    found = []
    for name, events, now in cases:
        deals, tokens = fold(events), {TOKEN: 6}
        expected = {}
        for party in (A, B, C):
            summed = weights(party, deals, now, tokens)
            expected[party] = {
                "good": str(summed.good),
                "bad": str(summed.bad),
                "score_ppm": score_ppm(party, deals, now, tokens),
            }
        given = {"events": [told(event) for event in events], "now": now, "tokens": tokens}
        found.append({"name": name, "input": given, "expected": expected})
    return found


SUBJECTS: dict[str, Callable[[], list[Case]]] = {"state-machine": state_machine, "reputation": reputation}


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
