"""Verification of an evidence bundle by a stranger: no gateway, no store, and with a node the chain as
well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from parley.errors import ParleyError
from parley.evidence.bundle import Bundle
from parley.evidence.chain_reader import ChainReader
from parley.evidence.findings import Broken, Finding
from parley.evidence.on_chain import check_code, check_history, check_states, check_transactions
from parley.evidence.report import Check, Outcome, Report
from parley.evidence.signed_deals import check_authorizations, check_deal_signatures
from parley.evidence.statements import check_approvals, check_decisions, check_receipts
from parley.evidence.talk import (
    Talk,
    check_chain,
    check_derivation,
    check_domain,
    check_negotiation,
    check_replay,
    check_root,
    check_signatures,
)

OFFLINE_CHECKS: tuple[tuple[str, Callable[[Talk, ChainReader | None], Finding]], ...] = (
    ("domain", check_domain),
    ("negotiation id", check_negotiation),
    ("signatures", check_signatures),
    ("hash chain", check_chain),
    ("turns and replay", check_replay),
    ("deal derivation", check_derivation),
    ("transcript root", check_root),
    ("deal signatures", check_deal_signatures),
    ("authorisations", check_authorizations),
    ("receipts", check_receipts),
    ("approvals", check_approvals),
    ("policy decisions", check_decisions),
)
CHAIN_CHECKS: tuple[tuple[str, Callable[[Talk, ChainReader], Finding]], ...] = (
    ("escrow code", check_code),
    ("state on chain", check_states),
    ("history on chain", check_history),
    ("transactions", check_transactions),
)


def verify_bundle(
    bundle: Bundle | bytes | str | Mapping[str, Any], chain: ChainReader | None = None
) -> Report:
    """Runs every check in order; the first failure leaves the rest not reached. Never raises for bad input.

    An error of the node (a `ParleyError` of `chain`) fails the check that needed it.
    """
    checks: list[Check] = []
    talk: Talk | None = None

    def run(name: str, check: Callable[[], Finding]) -> None:
        if checks and not checks[-1].ok:
            checks.append(Check(name, Outcome.NOT_REACHED, "an earlier check failed"))
            return
        try:
            outcome, detail = check()
        except Broken as broken:
            outcome, detail = Outcome.FAILED, str(broken)
        except ParleyError as error:
            outcome, detail = Outcome.FAILED, str(error)
        checks.append(Check(name, outcome, detail))

    def documents() -> Finding:
        nonlocal talk
        parsed = bundle if isinstance(bundle, Bundle) else Bundle.parse(bundle)
        talk = Talk(parsed)
        return Outcome.PASSED, f"{len(parsed.messages)} messages, {len(parsed.deals)} deals, well formed"

    run("documents", documents)
    for name, check in OFFLINE_CHECKS:
        run(name, lambda check=check: check(_known(talk), chain))  # type: ignore[misc]
    for name, on_chain in CHAIN_CHECKS:
        if chain is None:
            run(name, lambda: (Outcome.SKIPPED, "no node was given"))
        else:
            run(name, lambda on_chain=on_chain: on_chain(_known(talk), chain))  # type: ignore[misc]
    return Report(tuple(checks))


def _known(talk: Talk | None) -> Talk:
    if talk is None:
        raise Broken("the documents were not read")
    return talk
