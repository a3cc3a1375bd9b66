"""The buyer and its sellers as processes of their own, heard and approved of while they bargain."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from parley.agents.approvals import ApprovalFolder, ApprovalRequest, Reviewer
from parley.sandbox.demo.cast import BUYER, GATEWAY, Player
from parley.sandbox.demo.errors import ProcessEnded, ProcessSlow
from parley.sandbox.demo.question import question_of
from parley.sandbox.demo.reports import Reports
from parley.sandbox.demo.result import Decision, Result
from parley.sandbox.demo.script import Script
from parley.sandbox.demo.stage import Stage
from parley.sandbox.demo.standing import Standing
from parley.sandbox.demo.watcher import Watcher
from parley.scenarios.compute_lease import ComputeLease

BARGAIN_SECONDS = 150.0
"""Longest time without counting what a person takes to decide."""
_POLL = 0.05


class Bargain:
    """One run of the agents. `standing` are the sellers' reputations by name, as a reviewer is shown them."""

    def __init__(
        self,
        stage: Stage,
        lease: ComputeLease,
        cast: tuple[Player, Mapping[str, Player], Player],
        watcher: Watcher,
        result: Result,
    ) -> None:
        self._stage = stage
        self._lease = lease
        self._buyer, self._sellers, reviewer = cast
        self._watcher = watcher
        self._result = result
        self._script = Script(lease, stage.url, stage.folder, self._sellers, reviewer.address)
        self._desk = ApprovalFolder(stage.folder.approvals)
        self._reviewer = Reviewer(
            reviewer.signer, stage.deployment.chain_id, self._decide, lambda: int(time.time())
        )
        self._names = {one.address: name for name, one in self._sellers.items()}
        self._reports = Reports({name: stage.processes.log(name) for name in (*self._sellers, BUYER)})
        self._standing: Mapping[str, Standing] = result.standing_before

    def run(self) -> None:
        """From the first offer to the last payment. Raises ProcessEnded, ProcessSlow, RequestForged."""
        for seller in self._lease.sellers:
            self._start("seller", self._script.seller(seller), self._sellers[seller.name])
        self._start("buyer", self._script.buyer(BUYER), self._buyer)
        self._until(lambda: self._stage.processes.exit_status(BUYER) is not None)
        self._hear()
        status = self._stage.processes.exit_status(BUYER)
        if status != 0:
            raise ProcessEnded("The buyer failed.", status=status, output=self._stage.processes.tail(BUYER))
        for name in self._sellers:  # now, while the gateway is there: they have nothing left to do
            self._stage.processes.release(name)

    def _start(self, kind: str, config: Path, who: Player) -> None:
        arguments = ["-m", f"parley.agents.{kind}", str(config)]
        self._stage.processes.start(who.name, arguments, {"PARLEY_KEY": "0x" + who.key.hex()})

    def _until(self, done: Callable[[], bool]) -> None:
        """Hears and reviews until `done()`, while gateway and sellers live."""
        end = time.monotonic() + BARGAIN_SECONDS
        while not done():
            self._hear()
            end += self._review()
            for name in (GATEWAY, *self._sellers):
                self._stage.processes.check(name)
            if time.monotonic() > end:
                raise ProcessSlow("The agents took too long.", seconds=BARGAIN_SECONDS)
            time.sleep(_POLL)

    def _hear(self) -> None:
        board, heard = self._result.board, False
        for who, report in self._reports.new():
            heard = True
            for moment in board.take(who, report):
                self._watcher.moment(moment)
        if heard:
            self._watcher.board(board)

    def _review(self) -> float:
        """Decides what is waiting for it; the seconds that took."""
        started = time.monotonic()
        for asked in self._desk.requests():
            approval = self._reviewer.ask(ApprovalRequest.from_json(asked))
            if approval is not None:
                self._desk.decide(approval)
        return time.monotonic() - started

    def _decide(self, request: ApprovalRequest) -> bool:
        name = self._names[request.counterparty]
        asked = question_of(request, self._lease.seller(name), self._standing[name].score_ppm)
        granted = self._watcher.approve(asked)
        self._result.decisions.append(Decision(name, asked.price, asked.terms_hash, granted))
        return granted
