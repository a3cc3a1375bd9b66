"""Batches as patches of one another: whatever the items are, the same bytes are put together again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.chain.escrow import EscrowContract
from parley.chain.opening_errors import PatchMalformed
from parley.chain.patches import MAX_SIZE, calldata_gas, items_of, patched

ITEM = st.binary(max_size=700)
SPARSE = st.lists(st.sampled_from([0, 0, 0, 7, 255]), max_size=900).map(bytes)


@given(st.lists(ITEM | SPARSE, min_size=1, max_size=6))
def test_items_come_out_as_they_went_in(items: list[bytes]) -> None:
    size, patches = patched(items)
    assert size == max(map(len, items))
    assert items_of(len(items), size, patches) == [item.ljust(size, b"\0") for item in items]


def test_the_largest_item_that_differs_everywhere() -> None:
    before = bytes(range(256)) * 128
    # Every eleventh byte differs, with dear ones between: more patches than a byte can count.
    after = bytes(value ^ (index % 11 == 0) for index, value in enumerate(before))[:MAX_SIZE]
    items = [before[:MAX_SIZE], after]
    size, patches = patched(items)
    assert size == MAX_SIZE
    assert items_of(2, size, patches) == items


def test_an_equal_item_costs_one_byte() -> None:
    item = bytes(range(1, 200))
    size, patches = patched([item, item, item])
    assert patches.endswith(b"\0\0")
    assert items_of(3, size, patches) == [item] * 3


def test_calldata_is_counted_as_the_chain_does() -> None:
    assert calldata_gas(b"") == 0
    assert calldata_gas(b"\0\x01\0\xff") == 40


@given(st.lists(ITEM, min_size=1, max_size=3), st.data())
def test_patches_that_the_escrow_refuses_are_refused(items: list[bytes], data: st.DataObject) -> None:
    size, patches = patched(items)
    cut = data.draw(st.integers(0, len(patches) - 1))
    for wrong in (patches[:cut], patches + b"\0"):
        with pytest.raises(PatchMalformed):
            items_of(len(items), size, wrong)
    with pytest.raises(PatchMalformed) as raised:
        items_of(1, 1, b"\x01\0\1\1\xff")
    assert raised.value.arguments == {"index": 0}


def test_calls_that_are_no_patches_of_one_another_go_as_an_array(escrow: EscrowContract) -> None:
    assert escrow.open_batch([]).function == "openBatch"
    assert escrow.settle_batch([]).function == "settleBatch"
    assert escrow.open_and_settle_batch([]).function == "openAndSettleBatch"
