"""Batches whose items are written as what differs from the one before (`patchBatch`, docs/spec.md).

Of the deals of a pair most words are equal, and calldata is much of what a batch costs. Nothing here touches
what an item is: the escrow puts the same bytes together again before it looks at them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from parley.chain.opening_errors import PatchMalformed

MAX_SIZE: Final = 0x7FFF
"""Bytes of an item that can be written in whatever way: 255 patches of 255 bytes hold more."""
_MAX_LENGTH: Final = 0xFF
_ZERO_GAS: Final = 4
_BYTE_GAS: Final = 16
_PATCH_GAS: Final = 130
"""What one more patch costs: three bytes of calldata, most of them not zero, and the loop that writes it."""


def calldata_gas(data: bytes) -> int:
    """Gas of these bytes as calldata (EIP-2028)."""
    zeros = data.count(0)
    return zeros * _ZERO_GAS + (len(data) - zeros) * _BYTE_GAS


def patched(items: Sequence[bytes]) -> tuple[int, bytes]:
    """Size of an item, and the patches that make `items` of one another, the first of zeros.

    Items shorter than the longest get zeros behind. The caller has seen that none is longer than `MAX_SIZE`.
    """
    size = max(map(len, items), default=0)
    before = bytes(size)
    written = bytearray()
    for item in items:
        after = item.ljust(size, b"\0")
        found = list(_differences(before, after))
        if len(found) > _MAX_LENGTH:
            # More than a byte can count: the item as it stands, in long patches.
            found = [(place, min(place + _MAX_LENGTH, size)) for place in range(0, size, _MAX_LENGTH)]
        written.append(len(found))
        for start, end in found:
            written += start.to_bytes(2, "big") + (end - start).to_bytes(1, "big") + after[start:end]
        before = after
    return size, bytes(written)


def items_of(count: int, size: int, patches: bytes) -> list[bytes]:
    """The items that `patches` make, as the escrow puts them together: to read a transaction.

    Raises `PatchMalformed` where the escrow would.
    """
    items: list[bytes] = []
    item, cursor = bytearray(size), 0
    for index in range(count):
        left = patches[cursor] if cursor < len(patches) else 0
        cursor += 1
        for _ in range(left):
            head, cursor = patches[cursor : cursor + 3], cursor + 3
            place, length = int.from_bytes(head[:2], "big"), head[2] if len(head) == 3 else 0
            if cursor + length > len(patches) or place + length > size:
                raise PatchMalformed(index)
            item[place : place + length] = patches[cursor : cursor + length]
            cursor += length
        if cursor > len(patches):
            raise PatchMalformed(index)
        items.append(bytes(item))
    if cursor != len(patches):
        raise PatchMalformed(count)
    return items


def _differences(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    """Where `after` differs, as (start, end), joined where a patch costs more than what is between."""
    start = end = 0
    for place, pair in enumerate(zip(before, after, strict=True)):
        if pair[0] == pair[1]:
            continue
        if start == end:
            start = place
        elif place + 1 - start > _MAX_LENGTH or calldata_gas(after[end:place]) > _PATCH_GAS:
            yield start, end
            start = place
        end = place + 1
    if start != end:
        yield start, end
