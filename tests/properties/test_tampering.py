"""Whatever is changed in a bundle, verification fails."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.evidence.report import Outcome
from parley.evidence.verify import verify_bundle

sys.path.insert(0, str(Path(__file__).parents[1] / "vectors"))
import samples

from parley.terms.message import Approval, MessageReceipt, SignedApproval, SignedReceipt
from parley.terms.values import Hash32

pytestmark = pytest.mark.timeout(900)  # ten thousand examples take their time


def _whole() -> dict[str, Any]:
    """A bundle in which everything that can be signed is there."""
    agreed = samples.agreement(5)
    messages = agreed.conversation.transcript.messages
    gateway, reviewer = samples.signer("gateway"), samples.signer("reviewer")
    receipt = MessageReceipt(
        negotiation=agreed.opening.negotiation_id(),
        message=messages[2].message_hash(samples.CHAIN_ID),
        received_at=samples.OPENED_AT + 3,
        log_index=2,
    )
    approval = Approval(
        negotiation=agreed.opening.negotiation_id(),
        terms_hash=agreed.deals[0].terms_hash,
        agent=samples.signer("alice").address,
        reviewer=reviewer.address,
        granted=True,
        reason=Hash32("0x" + "00" * 32),
        decided_at=samples.OPENED_AT,
        expires_at=samples.OPENED_AT + 1_800,
    )
    receipts = (
        SignedReceipt(
            **dict(receipt),
            gateway=gateway.address,
            signature=gateway.sign_digest(receipt.digest(samples.CHAIN_ID)),
        ),
    )
    approvals = (
        SignedApproval(core=approval, signature=reviewer.sign_digest(approval.digest(samples.CHAIN_ID))),
    )
    return agreed.bundle(receipts=receipts, approvals=approvals).as_json()


BUNDLE = _whole()
RAW = samples.agreement(5).bundle().canonical()
Path_ = tuple[str | int, ...]


def _leaves(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _leaves(inner, (*path, at))
    else:
        yield path, value


def _lists(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, list[Any]]]:
    if isinstance(value, list):
        yield path, value
    for key, inner in (
        value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    ):
        yield from _lists(inner, (*path, key))


def _changed(path: Path_, value: Any) -> dict[str, Any]:
    bundle = copy.deepcopy(BUNDLE)
    inner: Any = bundle
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return bundle


LEAVES = list(_leaves(BUNDLE))


def _other_values(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, max(value - 1, 0) if value else 7, value ^ 1]
    if value.startswith("0x"):
        middle = len(value) // 2
        return [
            value[:at] + format(int(value[at], 16) ^ 1, "x") + value[at + 1 :]
            for at in (2, middle, len(value) - 1)
        ]
    if value.isdecimal():
        return [str(int(value) + 1), str(int(value) ^ 2)]
    return [value + "x", value[:-1]]


def test_the_bundle_is_good_to_begin_with() -> None:
    report = verify_bundle(BUNDLE)
    assert report.ok
    assert len(LEAVES) > 250
    by_name = {check.name: check.outcome for check in report.checks}
    assert by_name["receipts"] is by_name["approvals"] is by_name["deal signatures"] is Outcome.PASSED


@pytest.mark.parametrize("section", sorted(BUNDLE))
def test_no_value_can_be_changed(section: str) -> None:
    for path, value in LEAVES:
        if path[0] == section:
            for other in _other_values(value):
                assert not verify_bundle(_changed(path, other)).ok, (path, other)


def test_no_list_can_be_shortened_lengthened_or_reordered() -> None:
    undetectable = {("receipts",), ("approvals",), ("deals",)}  # fewer of them claim less
    for path, items in _lists(BUNDLE):
        if len(items) > 1:
            assert not verify_bundle(_changed(path, items[::-1])).ok, path
        if items:
            if path not in undetectable:
                assert not verify_bundle(_changed(path, items[:-1])).ok, path
                assert not verify_bundle(_changed(path, items[1:])).ok, path
            if path not in {("receipts",), ("approvals",)}:
                assert not verify_bundle(_changed(path, [*items, items[-1]])).ok, path


def test_no_field_can_be_removed_but_a_payload() -> None:
    def fields(value: Any, path: Path_ = ()) -> Iterator[Path_]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield (*path, key)
                yield from fields(inner, (*path, key))
        elif isinstance(value, list):
            for at, inner in enumerate(value):
                yield from fields(inner, (*path, at))

    for path in fields(BUNDLE):
        bundle = copy.deepcopy(BUNDLE)
        inner: Any = bundle
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        report = verify_bundle(bundle)
        if path[0] == "messages" and len(path) == 3 and path[-1] == "payload":
            assert any(check.outcome is Outcome.PARTIAL for check in report.checks), path
        else:
            assert not report.ok, path


@given(st.integers(0, len(RAW) - 1), st.integers(1, 255))
def test_no_byte_can_be_changed(at: int, flip: int) -> None:
    changed = RAW[:at] + bytes((RAW[at] ^ flip,)) + RAW[at + 1 :]
    assert not verify_bundle(changed).ok


@given(st.integers(0, len(RAW)), st.integers(0, len(RAW)))
def test_no_piece_can_be_cut_out(first: int, second: int) -> None:
    start, end = min(first, second), max(first, second)
    if start != end:
        assert not verify_bundle(RAW[:start] + RAW[end:]).ok
