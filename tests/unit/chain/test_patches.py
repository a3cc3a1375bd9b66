"""Batches as patches of one another: whatever the items are, the same bytes are put together again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parley.chain.escrow import EscrowContract
from parley.chain.patches import MAX_SIZE, calldata_gas, patched

ITEM = st.binary(max_size=700)
SPARSE = st.lists(st.sampled_from([0, 0, 0, 7, 255]), max_size=900).map(bytes)


def put_together(count: int, size: int, patches: bytes) -> list[bytes]:
    """As `Batches._eachPatched` of the contract reads it."""
    items, cursor, item = [], 0, bytearray(size)
    for _ in range(count):
        left, cursor = patches[cursor], cursor + 1
        for _ in range(left):
            place, length = int.from_bytes(patches[cursor : cursor + 2], "big"), patches[cursor + 2]
            assert place + length <= size
            cursor += 3
            item[place : place + length] = patches[cursor : cursor + length]
            cursor += length
        items.append(bytes(item))
    assert cursor == len(patches)
    return items


@given(st.lists(ITEM | SPARSE, min_size=1, max_size=6))
def test_items_come_out_as_they_went_in(items: list[bytes]) -> None:
    size, patches = patched(items)
    assert size == max(map(len, items))
    assert put_together(len(items), size, patches) == [item.ljust(size, b"\0") for item in items]


def test_the_largest_item_that_differs_everywhere() -> None:
    before = bytes(range(256)) * 128
    # Every eleventh byte differs, with dear ones between: more patches than a byte can count.
    after = bytes(value ^ (index % 11 == 0) for index, value in enumerate(before))[:MAX_SIZE]
    items = [before[:MAX_SIZE], after]
    size, patches = patched(items)
    assert size == MAX_SIZE
    assert put_together(2, size, patches) == items


def test_an_equal_item_costs_one_byte() -> None:
    item = bytes(range(1, 200))
    size, patches = patched([item, item, item])
    assert patches.endswith(b"\0\0")
    assert put_together(3, size, patches) == [item] * 3


def test_calldata_is_counted_as_the_chain_does() -> None:
    assert calldata_gas(b"") == 0
    assert calldata_gas(b"\0\x01\0\xff") == 40


def test_items_too_long_for_patches_are_sent_as_they_are(escrow: EscrowContract) -> None:
    call = escrow._batch("settleBatch", "settle", [])
    assert call.function == "settleBatch"
