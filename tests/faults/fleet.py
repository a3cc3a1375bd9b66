"""A fleet under fire: gateways and workers on one database that are struck in every way, and pairs of agents
that negotiate through them until every deal is open. Then nothing may be missing.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lying_proxy import LyingProxy
from members import GATEWAY, PATIENCE, Member
from nursery import Nursery
from pairs import Pair, Side
from strikes import FLOOR, Field, kill

from parley.agents.views import Receipt
from parley.chain.anvil import LocalAnvil
from parley.chain.deploy import LocalDeployment, deploy_local, mint
from parley.chain.escrow import EscrowContract, Status
from parley.chain.token import TokenContract
from parley.gateway.live import LiveNegotiations, stream_of
from parley.sandbox.leases import simple_lease
from parley.sandbox.local import UNIT, key_of
from parley.store import EventStore
from parley.terms.signing import LocalSigner

SEED = 20_261
WORKERS = 4
AHEAD = 6
"""Negotiations that are under way from the first blow on."""
THINKING = 0.1
"""Seconds between two moves of an agent, so that negotiations last while several blows fall."""
MONEY = 200 * UNIT
LIMITS = {
    "max_rounds": 40,
    "deadline_seconds": 86_400,
    "min_concession_ppm": 0,
    "repeat_cap": 3,
    "max_queries": 2,
    "open_window_seconds": 43_200,
    "fallback": "abort",
}
"""So long that no slow machine lets a negotiation or an offer run out."""

Strike = Callable[[Field], None]


def campaign(
    anvil: LocalAnvil,
    folder: Path,
    kills: int,
    offers: int,
    *,
    seed: int = SEED,
    agents: int = 8,
    negotiations: int = 8,
    database: str = "",
    processes: int = 1,
    workers: int = 0,
    strikes: Sequence[Strike] = (),
    restart_database: Callable[[], None] | None = None,
) -> None:
    """Each agent uses one process of the gateway, buyer and seller two different ones; kills hit any process.
    `strikes` are done in between, one after the other, once each, in an order that the seed gives. What was
    done when is in `blows.log` in the folder, with how many negotiations were under way.
    """
    database = database or f"sqlite:///{folder}/gateway.sqlite"
    node, minter = anvil.node(), anvil.signer(0)
    deployment = deploy_local(node, minter)
    anvil.fund(LocalSigner(key_of(GATEWAY)).address, 1_000 * 10**18)
    acknowledged: dict[str, Receipt] = {}
    domain = simple_lease(deployment.token, limits=LIMITS)
    with contextlib.ExitStack() as ending:
        nursery = ending.enter_context(Nursery())
        proxy = ending.enter_context(LyingProxy(anvil.rpc_url))
        rpc_url, work = (proxy.rpc_url if strikes else anvil.rpc_url), ("apart" if workers else "inside")
        gateways = [
            Member(nursery, folder, database, rpc_url, deployment, work=work) for _ in range(processes)
        ]
        fleet = gateways + [
            Member(nursery, folder, database, rpc_url, deployment, command="worker") for _ in range(workers)
        ]
        sides: dict[str, Side] = {}
        for number in range(agents):
            for other, role in enumerate(("buyer", "seller")):
                name, url = f"{role}{number}", gateways[(number + other) % processes].url
                sides[name] = Side(name, folder, url, deployment, acknowledged)
                ending.callback(sides[name].close)
        mint(node, minter, deployment.token, [side.wallet.address for side in sides.values()], MONEY)
        if strikes:
            anvil.mine(FLOOR)
        pairs = [
            Pair(
                number,
                number % agents,
                sides[f"buyer{number % agents}"],
                sides[f"seller{number % agents}"],
                domain,
                deployment,
                offers,
            )
            for number in range(negotiations)
        ]
        dice = random.Random(seed)
        field = Field(fleet, anvil, proxy, database, dice, restart_database)
        for member in fleet:
            member.patient = bool(strikes)
            member.start()
            ending.callback(member.stop)
        _Fight(field, pairs, _blows(kills, strikes, dice), folder / "blows.log").run()
        assert sum(member.kills for member in fleet) >= kills
        _until_opened(node, deployment, pairs)
        for member in fleet:
            member.stop()
        _check_store(database, pairs, acknowledged)
        _check_chain(node, deployment, pairs)


class _Fight:
    """Until every blow is struck and every pair is done. Pairs begin one after the other while blows fall, so
    that every blow finds some under way. An agent's negotiations share a thread.
    """

    def __init__(self, field: Field, pairs: list[Pair], blows: list[Strike], chronicle: Path) -> None:
        self._field, self._pairs, self._blows, self._chronicle = field, pairs, blows, chronicle
        self._struck = 0
        self._troubles: Counter[str] = Counter()
        self._failed = threading.Event()
        self._began = self._moved = time.monotonic()

    def run(self) -> None:
        with ThreadPoolExecutor(WORKERS + 1) as pool:
            threads = [pool.submit(self._guarded, self._fire)]
            threads += [pool.submit(self._guarded, self._drive, part) for part in range(WORKERS)]
            try:
                for thread in threads:
                    thread.result()
            except BaseException:  # an interruption, too, ends the fight
                self._failed.set()
                raise
        with self._chronicle.open("a") as chronicle:
            chronicle.writelines(f"agents met {met} {times}\n" for met, times in self._troubles.items())

    def _guarded(self, work: Callable[..., None], *arguments: Any) -> None:
        try:
            work(*arguments)
        except BaseException:
            self._failed.set()
            raise

    def _due(self, pair: Pair) -> bool:
        later = max(0, len(self._pairs) - AHEAD)
        return pair.number < AHEAD + self._struck * later / max(1, len(self._blows))

    def _drive(self, part: int) -> None:
        mine = [pair for pair in self._pairs if pair.agent % WORKERS == part]
        while not all(pair.done for pair in mine) and not self._failed.is_set():
            waiting = [pair for pair in mine if not pair.done and self._due(pair)]
            moved = [pair.advance() for pair in waiting]
            self._troubles.update(pair.trouble for pair in waiting if pair.trouble is not None)
            if any(moved):
                self._moved = time.monotonic()
            else:
                self._require_progress()
            time.sleep(THINKING)

    def _fire(self) -> None:
        for blow in self._blows:
            self._failed.wait(self._field.dice.uniform(0.05, 0.7))
            if self._failed.is_set():
                return
            under_way = sum(self._due(pair) and not pair.done for pair in self._pairs)
            self._note(blow.__name__, under_way)
            blow(self._field)
            self._note("done", under_way)
            self._struck += 1
            self._moved = time.monotonic()
            for member in self._field.fleet:
                member.revive()
        while not all(pair.done for pair in self._pairs) and not self._failed.wait(0.2):
            for member in self._field.fleet:
                member.revive()

    def _note(self, what: str, under_way: int) -> None:
        struck = self._field.struck.name if self._field.struck is not None else "-"
        with self._chronicle.open("a") as chronicle:
            seconds = time.monotonic() - self._began
            chronicle.write(f"{time.time():.2f} {seconds:.2f} {what} {struck} under way {under_way}\n")

    def _require_progress(self) -> None:
        if time.monotonic() - self._moved > PATIENCE:
            stuck = [str(pair) for pair in self._pairs if not pair.done]
            raise AssertionError("nothing goes on any more\n" + "\n".join(stuck))


def _blows(kills: int, strikes: Sequence[Strike], dice: random.Random) -> list[Strike]:
    """So many kills with the strikes spread evenly among them, in any order."""
    blows: list[Strike] = [kill] * kills
    for number, strike in enumerate(dice.sample(list(strikes), len(strikes))):
        blows.insert((number + 1) * (kills + number) // (len(strikes) + 1), strike)
    return blows


def _until_opened(node: Any, deployment: LocalDeployment, pairs: list[Pair]) -> None:
    """What a reorganisation took back after its agents had seen it comes again."""
    escrow, end = EscrowContract(node, deployment.escrow), time.monotonic() + PATIENCE
    for pair in pairs:
        deal_id = pair.deal_id
        assert deal_id is not None
        while escrow.state_of(deal_id).status is Status.UNOPENED:
            assert time.monotonic() < end, "a deal that was open is not opened again"
            time.sleep(0.1)
        end = time.monotonic() + PATIENCE


def _check_store(database: str, pairs: list[Pair], acknowledged: dict[str, Receipt]) -> None:
    with EventStore.open(database) as store:
        kept: dict[str, int] = {}
        for pair in pairs:
            count = store.verify_stream(stream_of(pair.id))
            events = store.read(stream_of(pair.id))
            assert count == len(events)
            kept |= {event.data["hash"]: event.position for event in events}
            replayed = LiveNegotiations(store, 100).load(pair.id).state.hash()
            for session in pair.sessions.values():
                assert session.status == "ACCEPTED"
                assert session.state.hash() == replayed
                hashes = [message.message_hash(pair.opening.chain_id) for message in session.messages]
                assert hashes == [event.data["hash"] for event in events]
        for message, receipt in acknowledged.items():
            assert kept.get(message) == receipt.log_index, "an acknowledged message is gone or moved"


def _check_chain(node: Any, deployment: LocalDeployment, pairs: list[Pair]) -> None:
    """Every deal is open once, and every token is where the deals say."""
    escrow, token = EscrowContract(node, deployment.escrow), TokenContract(node, deployment.token)
    logs = node.logs(deployment.escrow, deployment.block, node.block_number())
    decoded = [found for found in map(escrow.decode, logs) if found is not None]
    opened = [found for found in decoded if found.name == "Opened"]
    assert len(opened) == len(pairs)
    due: Counter[str] = Counter()
    for pair in pairs:
        signed = pair.buyer.wallet.journal.signed_deal(pair.id, 0)
        assert signed is not None
        due[pair.buyer.wallet.address] += signed.deal.price
        due[pair.seller.wallet.address] += signed.deal.seller_bond
    for agent, locked in due.items():
        assert token.balance_of(agent) == MONEY - locked, "an agent paid something else than for its deals"
    assert token.balance_of(deployment.escrow) == due.total()
