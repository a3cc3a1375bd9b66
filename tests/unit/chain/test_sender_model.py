"""The sender under random trouble: node failures, restarts, lost pools, fee jumps and reorganisations in any
order.
"""

from __future__ import annotations

import contextlib
import tempfile
from typing import Any

from fake_chain import FakeChain
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sending import call, done_on, make

from parley.chain.errors import NodeUnreachable
from parley.chain.node import NodeClient
from parley.errors import ParleyError
from parley.store import EventStore


class SenderMachine(RuleBasedStateMachine):
    """Random trouble. Whatever happens: nothing is on the chain twice; in quiet times everything gets
    there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.now = 1_700_000_000
        self.store = EventStore.open(f"sqlite:///{self.folder.name}/s.sqlite", clock=lambda: self.now)
        self.chain = FakeChain()
        self.count = 0
        self.restart()

    @rule()
    def restart(self) -> None:
        self.sender = make(self.store, NodeClient("http://fake", transport=self.chain, attempts=1))

    @rule()
    def submit(self) -> None:
        self.sender.submit(f"do:{self.count}", call(self.count))
        self.count += 1

    @rule(times=st.integers(1, 3))
    def tick(self, times: int) -> None:
        for _ in range(times):
            with contextlib.suppress(ParleyError):
                self.sender.tick()

    @rule(on=st.booleans())
    def automine(self, on: bool) -> None:
        self.chain.automine = on

    @rule(fee=st.sampled_from([10**8, 10**9, 5 * 10**9]))
    def mine(self, fee: int) -> None:
        self.chain.base_fee = fee
        self.chain.mine()

    @rule(depth=st.integers(1, 4), keep=st.booleans())
    def reorg(self, depth: int, keep: bool) -> None:
        self.chain.reorg(min(depth, len(self.chain.blocks) - 1), keep=keep)
        self.chain.mine()

    @rule()
    def forget_the_pool(self) -> None:
        for transaction in self.chain.pool:
            self.chain.known.pop(transaction.hash, None)
        self.chain.pool.clear()

    @rule(
        method=st.sampled_from(
            ["eth_sendRawTransaction", "eth_getTransactionReceipt", "eth_getTransactionCount"]
        )
    )
    def fail_next(self, method: str) -> None:
        def once(_params: Any) -> Any:
            del self.chain.before[method]
            raise NodeUnreachable("once")

        self.chain.before[method] = once

    @rule(seconds=st.integers(1, 60))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @invariant()
    def nothing_twice(self) -> None:
        numbers = done_on(self.chain)
        assert len(numbers) == len(set(numbers))

    def teardown(self) -> None:
        self.chain.up()
        self.chain.automine = True
        self.chain.base_fee = 10**8
        for _ in range(8):
            self.now += 60
            self.chain.mine()
            with contextlib.suppress(ParleyError):
                self.sender.tick()
        for _ in range(12):
            self.now += 60
            self.chain.mine()
            self.sender.tick()
        assert sorted(done_on(self.chain)) == list(range(self.count))
        self.store.close()
        self.folder.cleanup()


TestSender = SenderMachine.TestCase
TestSender.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
