"""Verification of an evidence bundle by a stranger: no gateway, no store, and with a node the chain as
well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from parley.errors import ParleyError
from parley.evidence.bundle import Bundle
from parley.evidence.chain_reader import ChainReader
from parley.evidence.findings import Broken, Finding
from parley.evidence.on_chain import check_code, check_history, check_states, check_transactions
from parley.evidence.report import Check, Outcome, Report
from parley.evidence.signed_deals import check_authorizations, check_deal_signatures
from parley.evidence.statements import check_approvals, check_decisions, check_erasures, check_receipts
from parley.evidence.talk import (
    Talk,
    check_chain,
    check_derivation,
    check_disclosures,
    check_domain,
    check_negotiation,
    check_replay,
    check_root,
    check_signatures,
)
from parley.terms.values import Address

DOCUMENTS = "documents"

CHECKS: tuple[tuple[str, Callable[[Talk], Finding]], ...] = (
    ("domain", check_domain),
    ("negotiation id", check_negotiation),
    ("signatures", check_signatures),
    ("hash chain", check_chain),
    ("disclosures", check_disclosures),
    ("turns and replay", check_replay),
    ("deal derivation", check_derivation),
    ("transcript root", check_root),
    ("deal signatures", check_deal_signatures),
    ("authorisations", check_authorizations),
    ("receipts", check_receipts),
    ("approvals", check_approvals),
    ("erasures", check_erasures),
    ("policy decisions", check_decisions),
    ("escrow code", check_code),
    ("state on chain", check_states),
    ("history on chain", check_history),
    ("transactions", check_transactions),
)
"""Every check after the reading of the documents, in order."""

ReaderOf = Callable[[Address], ChainReader]
"""Connects to the escrow that a bundle names."""


def verify_file(path: Path | str, chain: ChainReader | ReaderOf | None = None) -> Report:
    """`verify_bundle` of one JSON file; a file that cannot be read fails the first check."""
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        return _report([Check(DOCUMENTS, Outcome.FAILED, f"{path} cannot be read: {error.strerror}")])
    return verify_bundle(raw, chain)


def verify_bundle(
    bundle: Bundle | bytes | str | Mapping[str, Any], chain: ChainReader | ReaderOf | None = None
) -> Report:
    """Runs every check in order; the first failure leaves the rest not reached. Never raises for bad input.

    `chain` reads the escrow that the bundle names, or is a function that connects to it. An error of the
    node (a `ParleyError`) fails the check that needed it.
    """
    try:
        parsed = bundle if isinstance(bundle, Bundle) else Bundle.parse(bundle)
    except ParleyError as error:
        return _report([Check(DOCUMENTS, Outcome.FAILED, str(error))])
    talk = _talk(parsed, chain)
    done = [
        Check(
            DOCUMENTS,
            Outcome.PASSED,
            f"messages: {len(parsed.messages)}, deals: {len(parsed.deals)}, all well formed",
        )
    ]
    for name, check in CHECKS:
        done.append(_run(name, check, talk))
        if not done[-1].ok:
            break
    return _report(done)


def _talk(bundle: Bundle, chain: ChainReader | ReaderOf | None) -> Talk:
    if chain is None or not callable(chain):
        return Talk(bundle, chain)
    try:
        return Talk(bundle, chain(bundle.chain.escrow))
    except ParleyError as error:
        return Talk(bundle, unreachable=str(error))


def _run(name: str, check: Callable[[Talk], Finding], talk: Talk) -> Check:
    try:
        outcome, detail = check(talk)
    except (Broken, ParleyError) as error:
        outcome, detail = Outcome.FAILED, str(error)
    return Check(name, outcome, detail)


def _report(done: list[Check]) -> Report:
    missing = [name for name, _ in CHECKS][len(done) - 1 :]
    rest = (Check(name, Outcome.NOT_REACHED, "an earlier check failed") for name in missing)
    return Report((*done, *rest))
