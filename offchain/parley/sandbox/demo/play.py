"""The play itself: from an empty chain to paid sellers, verified by a stranger."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from parley.agents.approvals import ApprovalFolder, ApprovalRequest, Reviewer
from parley.agents.client import GatewayClient
from parley.agents.signin import KeyIdentity
from parley.sandbox.demo.cast import ARBITER, BUYER, REVIEWER, Player, player
from parley.sandbox.demo.checks import check_lease, check_money
from parley.sandbox.demo.endings import Endings
from parley.sandbox.demo.errors import DemoError, ProcessEnded, ProcessSlow
from parley.sandbox.demo.lines import line_of, save_bundle
from parley.sandbox.demo.money import count
from parley.sandbox.demo.proof import tamper, verify_all
from parley.sandbox.demo.refusals import attempts
from parley.sandbox.demo.reports import Reports
from parley.sandbox.demo.result import Result
from parley.sandbox.demo.script import Script
from parley.sandbox.demo.stage import Stage
from parley.scenarios.compute_lease import BUDGET, ComputeLease, compute_lease
from parley.terms.values import Address

UNIT = 10**6
EXTRA_PURSE = 500 * UNIT
SELLER_PURSE = 2_000 * UNIT
BARGAIN_SECONDS = 150.0
_POLL = 0.05


class Watcher(Protocol):
    """Shows the play as it goes on, and asks a person where one is needed."""

    def act(self, title: str) -> None:
        """A new part of the play begins."""

    def report(self, who: str, report: Mapping[str, Any]) -> None:
        """An agent did or saw something."""

    def say(self, text: str) -> None:
        """Something worth a line."""

    def approve(self, request: ApprovalRequest) -> bool:
        """What the reviewer decides about exactly these terms."""


def play(seed: int, watcher: Watcher, keep: Path | None = None) -> Result:
    """Plays the lease of `seed`. The result says whether every check held; errors around it are raised.

    `keep` is a folder, made here, that outlives the play; otherwise nothing is left.
    """
    result = Result(seed, kept=None if keep is None else str(keep))
    with _folder(keep) as folder:
        Play(seed, folder, watcher, result).run()
    return result


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="parley-demo-", ignore_cleanup_errors=True) as made:
            yield Path(made)
        return
    try:
        keep.mkdir(parents=True)
    except OSError as error:
        raise DemoError(
            "The folder cannot be made.",
            next_action="Name a folder that does not exist yet, where you may write.",
            path=str(keep),
            reason=error.strerror,
        ) from None
    yield keep.resolve()


class Play:
    """One run over one folder."""

    def __init__(self, seed: int, folder: Path, watcher: Watcher, result: Result) -> None:
        self._seed = seed
        self._folder = folder
        self._watcher = watcher
        self._result = result
        self._buyer = player(seed, BUYER)
        self._arbiter = player(seed, ARBITER)
        self._reviewer = player(seed, REVIEWER)
        self._extras = {
            name: player(seed, name)
            for name in ("careful buyer", "waiting buyer", "absent seller", "unhappy buyer", "hasty seller")
        }
        drawn = compute_lease(seed)
        self._sellers = {seller.name: player(seed, seller.name) for seller in drawn.sellers}

    def run(self) -> None:
        """All acts in order."""
        started = time.monotonic()
        self._watcher.act("A chain, the contracts, money, a gateway")
        with Stage(self._seed, self._folder, self._purses()) as stage:
            self._timed("stage", started)
            lease = compute_lease(
                self._seed, token=Address(stage.deployment.token), arbiter=self._arbiter.address
            )
            everyone = self._everyone(stage)
            accounts = {name: one.address for name, one in everyone.items()}
            self._result.before = count(stage.token, stage.escrow, accounts)
            self._refuse(stage, lease)
            self._bargain(stage, lease)
            bundles = self._collect(stage, lease)
            bundles |= self._other_endings(stage, lease)
            self._verify(stage, bundles)
            self._result.after = count(stage.token, stage.escrow, accounts)
            check_lease(self._result, lease, self._buyer.name)
            check_money(self._result)
        self._timed("all", started)

    # --------------------------------------------------------------------- acts

    def _refuse(self, stage: Stage, lease: ComputeLease) -> None:
        self._watcher.act("What the hard rules forbid")
        careful = self._extras["careful buyer"]
        for refusal in attempts(stage, lease, careful, self._extras["absent seller"]):
            check = self._result.check(
                f"refused: {refusal.attempt}", refusal.refused, refusal.answer or "the guard signed it"
            )
            self._watcher.say(f"{check.name}: {check.detail}")

    def _bargain(self, stage: Stage, lease: ComputeLease) -> None:
        self._watcher.act("One buyer and four sellers bargain, sign, open, deliver, pay")
        started = time.monotonic()
        script = Script(lease, stage.url, self._folder, self._sellers, self._reviewer.address)
        folder = ApprovalFolder(script.approvals)
        for seller in lease.sellers:
            self._start(stage, seller.name, script.seller(seller), self._sellers[seller.name], forever=True)
        names = [*self._sellers, BUYER]
        reports = Reports({name: stage.processes.log(name) for name in names})
        ready: set[str] = set()
        self._until(
            stage, names[:-1], lambda: len(ready) == len(self._sellers), lambda: self._hear(reports, ready)
        )
        self._start(stage, BUYER, script.buyer(BUYER), self._buyer)
        reviewer = Reviewer(
            self._reviewer.signer, stage.deployment.chain_id, self._watcher.approve, lambda: int(time.time())
        )

        def work() -> None:
            self._hear(reports, ready)
            self._review(folder, reviewer)

        self._until(stage, names[:-1], lambda: stage.processes.exit_status(BUYER) is not None, work)
        work()
        status = stage.processes.exit_status(BUYER)
        if status != 0:
            raise ProcessEnded("The buyer failed.", status=status, output=stage.processes.tail(BUYER))
        self._timed("bargain to payment", started)

    def _hear(self, reports: Reports, ready: set[str]) -> None:
        for who, report in reports.new():
            if report["kind"] == "ready":
                ready.add(who)
            self._watcher.report(who, report)

    def _review(self, folder: ApprovalFolder, reviewer: Reviewer) -> None:
        for asked in folder.requests():
            request = ApprovalRequest.from_json(asked)
            folder.decide(reviewer.sign(request, self._watcher.approve(request)))
            self._result.approvals += 1

    def _collect(self, stage: Stage, lease: ComputeLease) -> dict[str, Path]:
        """A line and a bundle for each deal of the buyer."""
        bundles: dict[str, Path] = {}
        names: dict[str, str] = {one.address: name for name, one in self._sellers.items()}
        with GatewayClient(stage.url, KeyIdentity(self._buyer.signer, stage.deployment.chain_id)) as client:
            for summary in client.deals().items:
                path, bundle = save_bundle(client, summary.deal_id, self._folder)
                bundles[summary.deal_id] = path
                view = client.deal(summary.deal_id)
                seller = names[str(view.deal["seller"])]
                strategy = lease.seller(seller).strategy
                self._result.lines.append(
                    line_of(stage, view, bundle, path, self._buyer.name, seller, strategy)
                )
        return bundles

    def _other_endings(self, stage: Stage, lease: ComputeLease) -> dict[str, Path]:
        self._watcher.act("Two deals with other endings: a dispute, and silence")
        started = time.monotonic()
        endings, cast = Endings(stage, lease, self._arbiter), self._extras
        bundles: dict[str, Path] = {}
        # Silence last: it moves the chain's clock past the deadlines of everything else.
        for wanted, ending in (
            ("settled", endings.dispute(cast["unhappy buyer"], cast["hasty seller"])),
            ("defaulted", endings.silence(cast["waiting buyer"], cast["absent seller"])),
        ):
            view = ending.view
            identity = KeyIdentity(ending.buyer.signer, stage.deployment.chain_id)
            with GatewayClient(stage.url, identity) as client:
                path, bundle = save_bundle(client, view.deal_id, self._folder)
            bundles[view.deal_id] = path
            line = line_of(stage, view, bundle, path, ending.buyer.name, ending.seller.name, "by hand")
            self._result.lines.append(line)
            name = (
                "a ruling divides the disputed payment"
                if wanted == "settled"
                else "silence refunds the buyer"
            )
            self._watcher.say(f"{name}: {line.outcome}")
            self._result.check(
                name, line.outcome == wanted, f"outcome {line.outcome}, {line.paid} to the seller"
            )
        self._timed("other endings", started)
        return bundles

    def _verify(self, stage: Stage, bundles: dict[str, Path]) -> None:
        self._watcher.act("A stranger verifies every bundle against the chain")
        started = time.monotonic()
        verify_all(stage, bundles, self._result)
        tamper(next(iter(bundles.values())), self._result)
        self._timed("verify", started)

    # ------------------------------------------------------------------ running

    def _purses(self) -> dict[Player, int]:
        purses = {self._buyer: BUDGET.limit}
        purses |= dict.fromkeys(self._sellers.values(), SELLER_PURSE)
        purses |= dict.fromkeys(self._extras.values(), EXTRA_PURSE)
        return purses

    def _everyone(self, stage: Stage) -> dict[str, Player]:
        return {
            self._buyer.name: self._buyer,
            **self._sellers,
            **self._extras,
            self._arbiter.name: self._arbiter,
            stage.gateway.name: stage.gateway,
        }

    def _start(self, stage: Stage, name: str, config: Path, who: Player, *, forever: bool = False) -> None:
        arguments = ["-m", "parley.cli", "agent", "run", str(config), *(["--forever"] if forever else [])]
        stage.processes.start(name, arguments, {"PARLEY_KEY": "0x" + who.key.hex()})

    def _until(
        self, stage: Stage, needed: list[str], done: Callable[[], bool], work: Callable[[], None]
    ) -> None:
        """Works until `done()`, while every process in `needed` lives. Raises ProcessEnded or ProcessSlow."""
        end = time.monotonic() + BARGAIN_SECONDS
        while not done():
            work()
            for name in needed:
                status = stage.processes.exit_status(name)
                if status is not None:
                    raise ProcessEnded(
                        f"The agent {name} ended.", status=status, output=stage.processes.tail(name)
                    )
            if time.monotonic() > end:
                raise ProcessSlow("The agents took too long.", seconds=BARGAIN_SECONDS)
            time.sleep(_POLL)

    def _timed(self, name: str, started: float) -> None:
        self._result.seconds[name] = time.monotonic() - started
