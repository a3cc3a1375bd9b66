"""Human-in-the-loop acceptance: how fast approvals come, what is late, and that nothing passes without one.

The people are simulated: their delays are drawn, most of them minutes and some of them hours. What the
machine does with their answers is real: every message is signed and admitted.
"""

from __future__ import annotations

import time

from parley.errors import ParleyError
from parley.negotiation.errors import Refusal
from parley.negotiation.status import Status
from parley.sandbox.attacks.bazaar import BUYER, SELLER, bazaar_domain
from parley.sandbox.patterns.result import Pattern, mean, middle, share
from parley.sandbox.table import REVIEWER, SignedTable
from parley.scenarios.draws import Draws
from parley.terms.domain import Domain
from parley.terms.message import Performative
from parley.terms.payloads import Accept, Approve, Escalate
from parley.terms.terms import terms_of
from parley.terms.values import Hash32

MINUTES = (1, 1, 2, 2, 3, 4, 5, 8, 12, 20, 45, 180)
"""Drawn from evenly: how long a person takes to answer."""
VALID = 1_800
"""Seconds for which an approval holds."""
THRESHOLD = 4_000_000


def people(trials: int, seed: int) -> Pattern:
    """Offers over a threshold that the buyer would accept, each put to a person first."""
    domain = _gated(7_200)
    waits: list[int] = []
    times: list[int] = []
    approved = late = passed = cheap = refused = 0
    for at in range(trials):
        draws = Draws(seed + at, "people")
        price = draws.between(40, 160) * 50_000
        table = SignedTable(domain, seed + at, "people")
        table.say(BUYER, Performative.PROPOSE, table.offer(_values(1_000_000)))
        table.say(SELLER, Performative.COUNTER, table.offer(_values(price)))
        if price <= THRESHOLD:
            cheap += 1
            _accepts(table)
            continue
        if _accepts(table):
            passed += 1
            continue
        terms = _terms(table)
        table.say(BUYER, Performative.ESCALATE, Escalate(salt=table.salt(), reason="over", terms=terms))
        wait = draws.between(20, 60) * MINUTES[draws.between(0, len(MINUTES) - 1)]
        if draws.between(1, 10) == 1:
            refused += 1
            continue
        table.now += wait
        began = time.perf_counter_ns()
        done = _approves(table, terms) and _accepts(table)
        times.append((time.perf_counter_ns() - began) // 1_000)
        waits.append(wait)
        approved += done
        late += not done
    asked = trials - cheap
    return Pattern(
        "human-in-the-loop acceptance",
        f"{trials} offers, {asked} over the threshold; people's delays are drawn, the machine is real",
        "over the threshold nothing is accepted without an unexpired approval of exactly these terms",
        passed == 0 and _stale_is_refused(domain, seed),
        {
            "asked": asked,
            "approval_seconds_median": middle(waits),
            "approval_seconds_90": middle(waits, 90),
            "approved_in_time_ppm": share(approved, len(waits)),
            "too_late_ppm": share(late, len(waits)),
            "not_answered": refused,
            "accepted_without_approval": passed,
            "straight_through": cheap,
        },
        {"approve_and_accept_mean": mean(times)},
    )


def _gated(deadline: int) -> Domain:
    document = bazaar_domain("over the threshold", 10).as_json()
    document["limits"] = {**document["limits"], "deadline_seconds": deadline}
    document["approval"] = {"max": [0, {"sub": [{"issue": "price"}, str(THRESHOLD)]}]}
    return Domain.parse(document)


def _values(price: int) -> dict[str, int | str]:
    return {"price": price, "days": 7, "support": "business"}


def _terms(table: SignedTable) -> Hash32:
    standing = table.state.offer
    if standing is None:  # somebody has just countered
        raise ValueError("nothing on the table")
    return terms_of(table.domain, table.state.negotiation, standing.offer).hash()


def _approves(table: SignedTable, terms: Hash32) -> bool:
    granted = Approve(salt=table.salt(), terms=terms, expires_at=table.now + VALID, reason="seen")
    try:
        table.say(REVIEWER, Performative.APPROVE, granted)
    except ParleyError:
        return False
    return True


def _accepts(table: SignedTable) -> bool:
    """Whether the buyer's acceptance goes through."""
    standing = table.state.offer
    cited = table.state.last if standing is None else standing.message
    try:
        table.say(BUYER, Performative.ACCEPT, Accept(salt=table.salt(), offer=cited))
    except Refusal:
        return False
    return table.state.status is Status.ACCEPTED


def _stale_is_refused(domain: Domain, seed: int) -> bool:
    """Whether an approval that has expired, and one of other terms, let nothing through."""
    table = SignedTable(domain, seed, "stale")
    table.say(BUYER, Performative.PROPOSE, table.offer(_values(1_000_000)))
    table.say(SELLER, Performative.COUNTER, table.offer(_values(6_000_000)))
    terms = _terms(table)
    table.say(BUYER, Performative.ESCALATE, Escalate(salt=table.salt(), reason="over", terms=terms))
    other = Hash32("0x" + "11" * 32)
    wrong = _approves(table, other)
    right = _approves(table, terms)
    table.now += VALID + 1
    return not wrong and right and not _accepts(table)
