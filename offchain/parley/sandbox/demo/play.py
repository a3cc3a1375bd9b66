"""The play itself: from an empty chain to paid sellers, verified by a stranger."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

from parley.sandbox.demo.bargain import Bargain
from parley.sandbox.demo.cast import ARBITER, BUYER, REVIEWER, Player, player
from parley.sandbox.demo.checks import check_lease, check_money, check_standing
from parley.sandbox.demo.endings import Ending, Endings
from parley.sandbox.demo.folder import Folder, opened
from parley.sandbox.demo.lines import client_of, collect
from parley.sandbox.demo.money import count
from parley.sandbox.demo.proof import tamper, verify_all
from parley.sandbox.demo.refusals import attempts
from parley.sandbox.demo.result import Result
from parley.sandbox.demo.stage import Stage
from parley.sandbox.demo.standing import standings, told
from parley.sandbox.demo.watcher import Watcher
from parley.sandbox.demo.words import UNIT, usd
from parley.scenarios.compute_lease import BUDGET, NEED, ComputeLease, compute_lease
from parley.terms.values import Address

SELLER_PURSE = 2_000 * UNIT
EXTRA_PURSE = 500 * UNIT
EXTRAS = ("careful buyer", "waiting buyer", "absent seller", "unhappy buyer", "hasty seller")


def play(
    seed: int, watcher: Watcher, keep: Path | None = None, shield: Callable[[], None] = lambda: None
) -> Result:
    """Plays the lease of `seed`. The result says whether every check held; errors around it are raised.

    `keep` is a folder, made here, that outlives the play; otherwise nothing is left. `shield` is called
    before anything is taken down: from there on a signal should wait.
    """
    with opened(keep, shield) as folder:
        result = Result(seed, kept=None if keep is None else folder.root)
        Play(folder, watcher, result, shield).run()
        folder.result.write_bytes(orjson.dumps(result.as_json(), option=orjson.OPT_INDENT_2))
    return result


class Play:
    """One run over one folder."""

    def __init__(self, folder: Folder, watcher: Watcher, result: Result, shield: Callable[[], None]) -> None:
        self._folder = folder
        self._watcher = watcher
        self._result = result
        self._shield = shield
        seed = result.seed
        self._buyer = player(seed, BUYER)
        self._arbiter = player(seed, ARBITER)
        self._reviewer = player(seed, REVIEWER)
        self._extras = {name: player(seed, name) for name in EXTRAS}
        sellers = compute_lease(seed).sellers
        self._sellers = {seller.name: player(seed, seller.name) for seller in sellers}
        result.strategies = {seller.name: seller.strategy for seller in sellers}

    def run(self) -> None:
        """All acts in order."""
        with self._timed("all"), contextlib.ExitStack() as exits:
            self._watcher.act("A chain, the contracts, money, a gateway")
            with self._timed("stage"):
                stage = exits.enter_context(
                    Stage(
                        self._result.seed,
                        self._folder,
                        self._purses(),
                        say=self._watcher.say,
                        shield=self._shield,
                        keep_chain=self._result.kept is not None,
                    )
                )
            self._acts(stage)

    def _acts(self, stage: Stage) -> None:
        lease = compute_lease(
            self._result.seed, token=Address(stage.deployment.token), arbiter=self._arbiter.address
        )
        accounts = self._accounts(stage)
        self._result.contracts = stage.deployment.as_json()
        self._result.accounts = {name: str(address) for name, address in accounts.items()}
        self._result.before = count(stage.token, stage.escrow, accounts)
        self._result.standing_before = standings(stage, self._traders())
        self._refuse(stage, lease)
        self._bargain(stage, lease)
        self._other_endings(stage, lease)
        self._verify(stage)
        self._result.after = count(stage.token, stage.escrow, accounts)
        check_lease(self._result, lease, self._buyer.name)
        check_money(self._result)
        self._compare_standing(stage)

    # --------------------------------------------------------------------- acts

    def _refuse(self, stage: Stage, lease: ComputeLease) -> None:
        self._watcher.act("What the buyer's hard rules forbid, its key does not sign")
        absent = self._extras["absent seller"]
        for refusal in attempts(stage, lease, self._extras["careful buyer"], absent):
            self._result.check(f"refused: {refusal.attempt}", refusal.refused, refusal.answer)
            self._watcher.say(f"{refusal.attempt}: {refusal.answer}")

    def _bargain(self, stage: Stage, lease: ComputeLease) -> None:
        self._watcher.act("One buyer and four sellers bargain, sign, open, deliver, pay")
        self._watcher.say(f"Wanted: {NEED.total} GPU hours for at most {usd(BUDGET.limit)} USD")
        self._watcher.say("Five agents start, each a process of its own")
        with self._timed("bargain to payment"):
            cast = (self._buyer, self._sellers, self._reviewer)
            Bargain(stage, lease, cast, self._watcher, self._result).run()
            self._collect(stage, lease)

    def _collect(self, stage: Stage, lease: ComputeLease) -> None:
        """A line and a bundle for each deal of the buyer, oldest first."""
        sellers = {one.address: one for one in self._sellers.values()}
        with client_of(stage, self._buyer) as client:
            for summary in reversed(client.deals().items):
                address = next(party.address for party in summary.parties if party.role == "seller")
                seller = sellers[Address(address)]
                strategy = lease.seller(seller.name).strategy
                collect(stage, client, summary.deal_id, (self._buyer, seller), strategy, self._result)

    def _other_endings(self, stage: Stage, lease: ComputeLease) -> None:
        self._watcher.act("Two deals with other endings: a ruling, and silence")
        endings, cast = Endings(stage, lease, self._arbiter), self._extras
        with self._timed("other endings"):
            ruled = endings.dispute(cast["unhappy buyer"], cast["hasty seller"])
            self._ending(stage, ruled, "a ruling divides the disputed payment", "settled")
            # Last: it moves the chain's clock past the deadlines of everything else.
            silent = endings.silence(cast["waiting buyer"], cast["absent seller"])
            self._ending(stage, silent, "silence refunds the buyer", "defaulted")

    def _ending(self, stage: Stage, ending: Ending, name: str, wanted: str) -> None:
        with client_of(stage, ending.buyer) as client:
            sides = (ending.buyer, ending.seller)
            line = collect(stage, client, ending.deal_id, sides, "by hand", self._result)
        share = f"{usd(line.paid)} of {usd(line.price)} USD to the seller"
        right = line.outcome == wanted and line.paid == ending.due
        check = self._result.check(name, right, f"{line.outcome}, {share}")
        self._watcher.say(f"{check.name}: {check.detail}")

    def _verify(self, stage: Stage) -> None:
        self._watcher.act("A stranger verifies every bundle against the chain")
        with self._timed("verify"):
            verified = verify_all(stage, self._result)
            self._watcher.say(f"{verified} of {len(self._result.lines)} bundles verify")
            if self._result.lines:
                check = tamper(self._result.lines[0].bundle, self._result)
                self._watcher.say(f"{check.name}: {check.detail}")

    def _compare_standing(self, stage: Stage) -> None:
        self._result.standing_after = standings(stage, self._traders())
        with client_of(stage, self._buyer) as client:
            check_standing(self._result, told(client, self._traders()))

    # ------------------------------------------------------------------- people

    def _purses(self) -> dict[Player, int]:
        purses = {self._buyer: BUDGET.limit}
        purses |= dict.fromkeys(self._sellers.values(), SELLER_PURSE)
        purses |= dict.fromkeys(self._extras.values(), EXTRA_PURSE)
        return purses

    def _accounts(self, stage: Stage) -> dict[str, Address]:
        """Everyone who may ever have a unit of the token."""
        people = [self._buyer, *self._sellers.values(), *self._extras.values(), self._arbiter, stage.gateway]
        return {one.name: one.address for one in people}

    def _traders(self) -> dict[str, Address]:
        """Everyone who may close a deal."""
        return {
            one.name: one.address for one in (self._buyer, *self._sellers.values(), *self._extras.values())
        }

    @contextlib.contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self._result.seconds[name] = time.monotonic() - started
