"""Following the chain block by block: what is new, what was reorganised away. Knows blocks and logs, not
deals.

A `Follower` compares the blocks it has applied with what the node says now. It never trusts a range of
answers that does not hang together: headers are linked by their parents' hashes, and every log belongs to one
of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from parley.chain.errors import ChainHistoryMissing, NodeAnswerInvalid
from parley.chain.models import Block, Log
from parley.chain.node import NodeClient

_NEAR: Final = 128
"""Within this distance of the head every header is fetched and linked; further back only those with logs."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A block that was applied: enough to see whether it still belongs to the chain."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What to do next: first undo every applied block above `undo_above` (None: nothing), then apply
    `blocks`.

    `blocks` are those with logs, and always the last one of the range, in order. `head` is the node's newest
    height.
    """

    undo_above: int | None
    blocks: tuple[tuple[Block, tuple[Log, ...]], ...]
    head: int

    @property
    def empty(self) -> bool:
        return self.undo_above is None and not self.blocks


class Follower:
    """Finds the next batch. Pure towards storage: it is told what was applied, and changes nothing.

    `start` is the first block that matters. A block is applied once `confirmations` more lie on top of it.
    """

    def __init__(
        self, node: NodeClient, address: str, *, start: int, confirmations: int = 0, span: int = 500
    ) -> None:
        self._node = node
        self._address = address.lower()
        self._start = start
        self._confirmations = confirmations
        self._span = span

    def next(
        self, tip: Applied | None, applied: Callable[[], Sequence[Applied]], until: int | None = None
    ) -> Batch:
        """The next batch after `tip`, up to block `until`; `applied` gives all kept blocks in ascending
        order, asked only on a reorg.

        Raises the node's errors; `NodeAnswerInvalid` when the chain changed while it was read (ask again).
        """
        head = self._node.block_number()
        if tip is not None:
            fork = self._fork(tip, head, applied)
            if fork is not None:
                return Batch(fork, (), head)
            if head < tip.number:
                return Batch(None, (), head)  # the node lags behind what another one, or itself, has shown
        first = self._start if tip is None else tip.number + 1
        last = min(head - self._confirmations, first + self._span - 1)
        last = last if until is None else min(last, until)
        if last < first:
            return Batch(None, (), head)
        found = self._near(first, last) if head - last < _NEAR else self._far(first, last)
        if tip is not None and found.parent not in (None, tip.hash):
            raise NodeAnswerInvalid("The chain changed while it was read.", number=first, parent=found.parent)
        return Batch(None, found.blocks, head)

    # ------------------------------------------------------------------- reorg

    def _fork(self, tip: Applied, head: int, applied: Callable[[], Sequence[Applied]]) -> int | None:
        """The number above which everything must be undone; None while the tip is on the chain or
        unknowable.
        """
        if head >= tip.number and self._holds(tip):
            return None
        kept = [block for block in applied() if block.number <= min(tip.number, head)]
        # If one block is on the chain so are all before it: look for the last such by halves.
        low, high = 0, len(kept)
        while low < high:
            middle = (low + high) // 2
            if self._holds(kept[middle]):
                low = middle + 1
            else:
                high = middle
        if low == len(kept) and head < tip.number:
            return None
        return kept[low - 1].number if low else self._start - 1

    def _holds(self, block: Applied) -> bool:
        found = self._node.block(block.number)
        return found is not None and found.hash == block.hash

    # ----------------------------------------------------------------- reading

    def _near(self, first: int, last: int) -> _Range:
        """Every header, linked; logs by range, each in its header's block; bloom filters asked for missing
        ones.
        """
        headers = self._node.blocks(first, last)
        logs = self._node.logs(self._address, first, last)
        by_number: dict[int, list[Log]] = {}
        for log in logs:
            by_number.setdefault(log.block_number, []).append(log)
        blocks: list[tuple[Block, tuple[Log, ...]]] = []
        for header in headers:
            found = by_number.get(header.number, [])
            if not found and header.may_hold(self._address):
                found = self._node.logs_of_block(self._address, header.hash)
            if any(log.block_hash != header.hash for log in found):
                raise NodeAnswerInvalid("The chain changed while it was read.", number=header.number)
            blocks.append((header, tuple(found)))
        return _Range(headers[0].parent_hash, tuple(blocks))

    def _far(self, first: int, last: int) -> _Range:
        """Old blocks: only those with logs and the last one, whose hash must be the same before and after."""
        end = self._header(last)
        logs = self._node.logs(self._address, first, last)
        headers = {number: self._header(number) for number in sorted({log.block_number for log in logs})}
        for log in logs:
            if headers[log.block_number].hash != log.block_hash:
                raise NodeAnswerInvalid("The chain changed while it was read.", number=log.block_number)
        if self._header(last).hash != end.hash:
            raise NodeAnswerInvalid("The chain changed while it was read.", number=last)
        headers[last] = end
        blocks = tuple(
            (header, tuple(log for log in logs if log.block_number == number))
            for number, header in sorted(headers.items())
        )
        return _Range(None, blocks)

    def _header(self, number: int) -> Block:
        found = self._node.block(number)
        if found is None:
            raise ChainHistoryMissing("The node has no such block.", number=number)
        return found


@dataclass(frozen=True, slots=True)
class _Range:
    """Blocks read at once, and the hash of the block before the first (None where it was not read)."""

    parent: str | None
    blocks: tuple[tuple[Block, tuple[Log, ...]], ...]
