"""A fleet under fire: gateways and workers as processes that are killed and started again on one database,
and pairs of agents that negotiate through them until every deal is open.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from lying_proxy import LyingProxy
from strikes import FLOOR, Field, kill

from parley.agents.channel import GatewayChannel
from parley.agents.client import GatewayClient
from parley.agents.errors import GatewayProblem, GatewayUnreachable, Overtaken
from parley.agents.journal import Journal
from parley.agents.session import NegotiationSession
from parley.agents.signin import KeyIdentity
from parley.agents.signing import DealSigning
from parley.agents.views import Receipt
from parley.agents.wallet import TokenName, Wallet
from parley.chain.anvil import LocalAnvil
from parley.chain.deploy import LocalDeployment, deploy_local, mint
from parley.chain.escrow import EscrowContract, Status
from parley.chain.token import TokenContract
from parley.gateway.live import LiveNegotiations, stream_of
from parley.sandbox.leases import simple_lease
from parley.sandbox.local import TOKEN_NAME, TOKEN_VERSION, UNIT, key_of
from parley.store import EventStore
from parley.terms.domain import Domain
from parley.terms.message import Message
from parley.terms.opening import Opening, Party
from parley.terms.signing import LocalSigner
from parley.terms.values import Address, Hash32, keccak

SEED = 20_261
WORKERS = 4
GATEWAY = "gateway under fire"
MONEY = 200 * UNIT
PATIENCE = 180.0
AUDIENCE = "http://market.test"  # one name for all processes of the gateway


SKEWED = """
import sys, time
real, skew = time.time, int(sys.argv.pop(1))
time.time = lambda: real() + skew
from parley.cli import main
main()
"""


class Member:
    """A gateway or a worker as a process that can be killed and started again on the same port and database.
    `work` as PARLEY_WORK; `rpc_url` may be that of a proxy in front of the chain.
    """

    def __init__(
        self,
        folder: Path,
        database: str,
        rpc_url: str,
        deployment: LocalDeployment,
        *,
        command: str = "serve",
        work: str = "inside",
        **environment: str,
    ) -> None:
        port = _free_port()
        self.command = command
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / f"{command}-{port}.log"
        self.kills = 0
        self.patient = False  # whether it is started again where it refuses to start
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")},
            "PARLEY_DATABASE": database,
            "PARLEY_AUDIENCE": AUDIENCE,
            "PARLEY_PORT": str(port),
            "PARLEY_KEY": key_of(GATEWAY).hex(),
            "PARLEY_RPC_URL": rpc_url,
            "PARLEY_WORK": work,
            "PARLEY_CHAIN_ID": str(deployment.chain_id),
            "PARLEY_ESCROW": deployment.escrow,
            "PARLEY_START_BLOCK": str(deployment.block),
            "PARLEY_LOCAL_CHAIN": "true",
            **environment,
        }

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, skew: int = 0) -> None:
        """Starts it, with a clock that is `skew` seconds off, and waits until it serves. A patient one is
        started again where it refuses, which it does while its database or its node is away.
        """
        end = time.monotonic() + PATIENCE
        self._launch(skew)
        while self.command == "serve":
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/health", timeout=1).status_code == 200:
                    return
            assert time.monotonic() < end, self.log.read_text()
            if self._process is not None and self._process.poll() is not None:
                assert self.patient, self.log.read_text()
                self._launch(skew)
            time.sleep(0.05)

    def _launch(self, skew: int) -> None:
        command = [sys.executable, "-c", SKEWED, str(skew)] if skew else [sys.executable, "-m", "parley.cli"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, self.command], env=self._environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.kills += 1

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class Recording(GatewayChannel):
    """Remembers every message for which a receipt came back."""

    def __init__(self, client: GatewayClient, acknowledged: dict[str, Receipt]) -> None:
        super().__init__(client)
        self._acknowledged = acknowledged

    def open(self, domain: Domain, opening: Opening, message: Message) -> Receipt | None:
        return self._keep(super().open(domain, opening, message))

    def send(self, message: Message) -> Receipt | None:
        return self._keep(super().send(message))

    def _keep(self, receipt: Receipt | None) -> Receipt | None:
        assert receipt is not None
        known = self._acknowledged.setdefault(receipt.message, receipt)
        assert known == receipt, "a repeat got another receipt"
        return receipt


class Side:
    """One agent with a journal of its own."""

    def __init__(
        self, name: str, folder: Path, url: str, deployment: LocalDeployment, acknowledged: Any
    ) -> None:
        self.store = EventStore.open(f"sqlite:///{folder / name}.sqlite")
        self.wallet = Wallet(
            LocalSigner(key_of(name)),
            Journal(self.store),
            chain_id=deployment.chain_id,
            escrow=Address(deployment.escrow),
            clock=lambda: int(time.time()),
            tokens={Address(deployment.token): TokenName(TOKEN_NAME, TOKEN_VERSION)},
        )
        identity = KeyIdentity(LocalSigner(key_of(name)), deployment.chain_id, AUDIENCE)
        self.client = GatewayClient(url, identity, timeout=10)
        self.channel = Recording(self.client, acknowledged)
        self.signing = DealSigning(self.client, self.wallet, lambda report: None)

    def close(self) -> None:
        self.client.close()
        self.store.close()


class Pair:
    """A buyer and a seller in one negotiation; `advance` does the next thing and survives a dead gateway."""

    def __init__(
        self, number: int, buyer: Side, seller: Side, domain: Domain, opening: Opening, offers: int
    ) -> None:
        self.number, self.buyer, self.seller = number, buyer, seller
        self.domain, self.opening = domain, opening
        self.id = opening.negotiation_id()
        self.sessions: dict[str, NegotiationSession] = {}
        self.offers = offers
        self.done = False

    def advance(self) -> None:
        try:
            self._advance()
        except GatewayUnreachable:
            time.sleep(0.05)  # the process that comes up needs the processor more than our asking again
        except Overtaken:
            return
        except GatewayProblem as problem:
            if not problem.transient:
                raise

    def _advance(self) -> None:
        if "buyer" not in self.sessions:
            self.sessions["buyer"] = NegotiationSession.start(
                self.domain, self.opening, self.buyer.wallet, self.buyer.channel
            )
        if "seller" not in self.sessions:
            self.sessions["seller"] = NegotiationSession.join(
                self.id, self.seller.wallet, self.seller.channel
            )
        buyer, seller = self.sessions["buyer"], self.sessions["seller"]
        for session in (buyer, seller):
            session.sync()
            if session.my_turn:
                self._speak(session)
        if not buyer.state.live and not seller.state.live:
            signed = self.seller.signing.attend(seller) and self.buyer.signing.attend(buyer)
            self.done = signed and self._opened()

    def _speak(self, session: NegotiationSession) -> None:
        step = len(session.offers)
        if session.role == "buyer" and step >= self.offers:
            session.accept()
            return
        price = (2 * UNIT + step * 50_000) if session.role == "buyer" else (6 * UNIT - step * 50_000)
        session.offer({"price": price, "hours": 10 + 10 * (self.number % 9)})

    def _opened(self) -> bool:
        signed = self.buyer.wallet.journal.signed_deal(self.id, 0)
        return signed is not None and self.buyer.client.deal(signed.deal_id).phase == "open"


def campaign(
    anvil: LocalAnvil,
    folder: Path,
    kills: int,
    offers: int,
    *,
    pairs_of_agents: int = 20,
    negotiations_each: int = 1,
    database: str = "",
    processes: int = 1,
    workers: int = 0,
    strikes: Sequence[Callable[[Field], None]] = (),
    restart_database: Callable[[], None] | None = None,
) -> None:
    """Buyers use the first process of the gateway and sellers the last; kills hit any of them. `strikes` are
    done in between, one after the other, once each.
    """
    database = database or f"sqlite:///{folder}/gateway.sqlite"
    dice = random.Random(SEED + kills)
    node, minter = anvil.node(), anvil.signer(0)
    deployment = deploy_local(node, minter)
    anvil.fund(LocalSigner(key_of(GATEWAY)).address, 1_000 * 10**18)
    acknowledged: dict[str, Receipt] = {}
    domain = simple_lease(deployment.token)
    with contextlib.ExitStack() as ending:
        proxy = ending.enter_context(LyingProxy(anvil.rpc_url))
        rpc_url, work = (proxy.rpc_url if strikes else anvil.rpc_url), ("apart" if workers else "inside")
        gateways = [Member(folder, database, rpc_url, deployment, work=work) for _ in range(processes)]
        fleet = gateways + [
            Member(folder, database, rpc_url, deployment, command="worker") for _ in range(workers)
        ]
        sides = {
            f"{role}{number}": Side(f"{role}{number}", folder, gateway.url, deployment, acknowledged)
            for role, gateway in (("buyer", gateways[0]), ("seller", gateways[-1]))
            for number in range(pairs_of_agents)
        }
        for side in sides.values():
            ending.callback(side.close)
        mint(node, minter, deployment.token, [side.wallet.address for side in sides.values()], MONEY)
        if strikes:
            anvil.mine(FLOOR)
        pairs = [
            _pair(number, sides, domain, deployment, offers)
            for number in range(pairs_of_agents * negotiations_each)
        ]
        field = Field(fleet, anvil, proxy, database, dice, restart_database)
        for member in fleet:
            member.patient = bool(strikes)
            member.start()
            ending.callback(member.stop)
        _fight(field, pairs, _blows(kills, strikes))
        assert sum(member.kills for member in fleet) >= kills
        _until_opened(node, deployment, pairs)
        for member in fleet:
            member.stop()
        _check_store(database, pairs, acknowledged)
        _check_chain(node, deployment, pairs)


def _fight(field: Field, pairs: list[Pair], blows: Iterable[Callable[[Field], None]]) -> None:
    """Until every blow is struck and every pair is done. An agent's negotiations share a thread."""
    fighting = threading.Event()
    fighting.set()

    def drive(mine: list[Pair]) -> None:
        while not all(pair.done for pair in mine):
            for pair in mine:
                if not pair.done:
                    pair.advance()
            if not fighting.is_set():
                time.sleep(0.02)

    def fire() -> None:
        try:
            for blow in blows:
                time.sleep(field.dice.uniform(0.05, 0.7))
                blow(field)
        finally:
            fighting.clear()

    with ThreadPoolExecutor(WORKERS + 1) as pool:
        firing = pool.submit(fire)
        driving = [pool.submit(drive, pairs[start::WORKERS]) for start in range(WORKERS)]
        for future in [firing, *driving]:
            future.result()


def _blows(kills: int, strikes: Sequence[Callable[[Field], None]]) -> list[Callable[[Field], None]]:
    """So many kills with the strikes spread evenly among them."""
    blows: list[Callable[[Field], None]] = [kill] * kills
    for number, strike in enumerate(strikes):
        blows.insert((number + 1) * (kills + number) // (len(strikes) + 1), strike)
    return blows


def _until_opened(node: Any, deployment: LocalDeployment, pairs: list[Pair]) -> None:
    """What a reorganisation took back after its agents had seen it comes again."""
    escrow, end = EscrowContract(node, deployment.escrow), time.monotonic() + 120
    for pair in pairs:
        signed = pair.buyer.wallet.journal.signed_deal(pair.id, 0)
        assert signed is not None
        while escrow.state_of(signed.deal_id).status is Status.UNOPENED:
            assert time.monotonic() < end, "a deal that was open is not opened again"
            time.sleep(0.1)


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
    for buyer, price in due.items():
        assert token.balance_of(buyer) == MONEY - price, "a buyer paid something else than its deals"


def _pair(
    number: int, sides: dict[str, Side], domain: Domain, deployment: LocalDeployment, offers: int
) -> Pair:
    agent = number % (len(sides) // 2)
    buyer, seller, now = sides[f"buyer{agent}"], sides[f"seller{agent}"], int(time.time())
    opening = Opening(
        domain=domain.hash(),
        parties=(
            Party(role="buyer", address=buyer.wallet.address, epoch=0),
            Party(role="seller", address=seller.wallet.address, epoch=0),
        ),
        first="buyer",
        initiator=buyer.wallet.address,
        opened_at=now,
        deadline=now + domain.limits.deadline_seconds,
        chain_id=deployment.chain_id,
        escrow=Address(deployment.escrow),
        gateways=(LocalSigner(key_of(GATEWAY)).address,),
        reviewers=(),
        nonce=Hash32.of(keccak(b"pair %d" % number)),
    )
    return Pair(number, buyer, seller, domain, opening, offers)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
