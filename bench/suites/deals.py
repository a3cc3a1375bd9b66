"""Whole deals a second on one machine (T10), and where the time goes."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil
import uvloop

from bench.bargains_settled import Bargain, Side, all_at_once
from bench.gateway_process import GatewayProcess, running
from bench.model import Bench, Result, Target
from bench.talks import HIGH, POLICY, domain, encoded
from parley.chain.anvil import LocalAnvil
from parley.chain.deploy import LocalDeployment, deploy_local, mint
from parley.chain.node import NodeClient
from parley.chain.token import TokenContract
from parley.chain.transactions import send_now
from parley.terms.signing import LocalSigner
from parley.terms.values import Address, keccak

T10 = Target(
    "T10",
    "whole deals a second: ten messages, both signatures, opened and settled on a chain",
    "deals/s",
    60,
    at_least=True,
)

PAIRS = 8
WARM = 16
STAGED = 64
SINGLY = 64
MEASURED = 200
TOGETHER = 64
MANY = "1000000/minute"


@dataclass
class Yard:
    """A chain with the contracts, a gateway that settles on it, and agents with money."""

    gateway: GatewayProcess
    chain: tuple[psutil.Process, ...]
    deployment: LocalDeployment
    buyers: Sequence[LocalSigner]
    sellers: Sequence[LocalSigner]

    def spent(self) -> dict[str, float]:
        """Processor seconds so far, by who used them."""
        times = [process.cpu_times() for process in self.chain]
        own = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "gateway": self.gateway.cpu_seconds(),
            "chain": sum(found.user + found.system for found in times),
            "agents": own.ru_utime + own.ru_stime,
        }


@contextlib.contextmanager
def yard() -> Iterator[Yard]:
    """Everything on this machine; it ends with the block."""
    before = set(psutil.Process().children(recursive=True))
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name, LocalAnvil() as anvil:
        chain = tuple(set(psutil.Process().children(recursive=True)) - before)
        node, folder = anvil.node(), Path(name)
        deployment = deploy_local(node, anvil.signer(0))
        buyers, sellers = (
            [LocalSigner(keccak(b"bench %s %d" % (side, index))) for index in range(PAIRS)]
            for side in (b"buyer", b"seller")
        )
        _fund(node, anvil, deployment, buyers)
        policy = folder / "policy.json"
        policy.write_bytes(encoded(POLICY))
        with running(
            folder,
            policy,
            escrow=deployment.escrow,
            rpc_url=anvil.rpc_url,
            start_block=str(deployment.block),
            local_chain="true",
            agent_rate=MANY,
            address_rate=MANY,
            live_cache="10000",
        ) as gateway:
            anvil.fund(gateway.address, 1_000 * 10**18)
            yield Yard(gateway, chain, deployment, buyers, sellers)


def _fund(
    node: NodeClient, anvil: LocalAnvil, deployment: LocalDeployment, buyers: Sequence[LocalSigner]
) -> None:
    """Money for every deal, and allowances without limit."""
    mint(node, anvil.signer(0), deployment.token, [buyer.address for buyer in buyers], 400 * HIGH)
    token = TokenContract(node, deployment.token)
    for buyer in buyers:
        anvil.fund(buyer.address, 10**18)
        send_now(node, buyer, token.approve(deployment.escrow, 2**256 - 1))


@contextlib.asynccontextmanager
async def present(place: Yard) -> AsyncIterator[list[tuple[Side, Side]]]:
    """The agents, signed in and listening."""
    async with contextlib.AsyncExitStack() as ending:
        sides: list[Side] = []
        for signer in (*place.buyers, *place.sellers):
            http = aiohttp.ClientSession(place.gateway.url, timeout=aiohttp.ClientTimeout(total=120))
            sides.append(Side(signer, await ending.enter_async_context(http)))
            await sides[-1].sign_in()
        heard = [asyncio.create_task(side.listen()) for side in sides[: len(place.buyers)]]
        try:
            yield list(zip(sides[: len(place.buyers)], sides[len(place.buyers) :], strict=True))
        finally:
            for task in heard:
                task.cancel()
            await asyncio.gather(*heard, return_exceptions=True)


Stage = Callable[[], Awaitable[object]]


async def measured(place: Yard) -> Result:
    terms = domain(place.deployment.token)
    async with present(place) as pairs:
        numbers = iter(range(10**6))

        def some(count: int, *, singly: bool = False) -> list[Bargain]:
            return [
                Bargain(
                    *pairs[index % PAIRS],
                    terms,
                    Address(place.deployment.escrow),
                    Address(place.gateway.address),
                    next(numbers),
                    singly,
                )
                for index in range(count)
            ]

        await all_at_once(some(WARM), TOGETHER)
        parts = await _staged(place, some(STAGED))
        alone, apart = await _whole(place, some(SINGLY, singly=True), "messages posted singly: ")
        rate, whole = await _whole(place, some(MEASURED))
    return T10.measured(
        rate,
        how=f"{MEASURED} deals after {WARM + STAGED + SINGLY} to warm up, {TOGETHER} under way at any time, "
        f"between {PAIRS} buyers and {PAIRS} sellers; wall time. A gateway process on SQLite (WAL, full "
        "synchronisation) with its settlement worker, Anvil with automining, a process with all agents, on "
        "one machine. A deal: an opening, eight offers and the acceptance, each signed by its sender, judged "
        "by 20 rules, kept and answered with its receipt before the other answers; what an agent has to say "
        "in several negotiations at the same time it posts in one request, as parley.agents.together does; "
        "the seller's and the buyer's signature; opened by the relayer from the buyer's allowance, calls "
        "that wait joined in one transaction; the buyer, told by the event stream, signs the receipt; done "
        "when the stream tells that the escrow has settled. The stages were run one after the other, all "
        f"deals together, on {STAGED} other deals. Messages posted singly: {SINGLY} other deals, every "
        "message in a request of its own.",
        parts={**whole, **parts, "messages posted singly: deals/s": alone, **apart},
    )


async def _whole(place: Yard, bargains: Sequence[Bargain], label: str = "") -> tuple[float, dict[str, float]]:
    """Deals a second, and processor milliseconds a deal by who used them."""
    before, began = place.spent(), time.perf_counter()
    await all_at_once(bargains, TOGETHER)
    rate, after = len(bargains) / (time.perf_counter() - began), place.spent()
    return round(rate, 1), {
        f"{label}{who}, ms of processor a deal": round((after[who] - before[who]) / len(bargains) * 1e3, 1)
        for who in after
    }


async def _staged(place: Yard, bargains: Sequence[Bargain]) -> dict[str, float]:
    """Processor milliseconds of each stage a deal, by who used them."""
    parts: dict[str, float] = {}
    ids: list[str] = []

    async def sign() -> None:
        ids.extend(await asyncio.gather(*(bargain.sign() for bargain in bargains)))

    async def opened() -> None:
        await asyncio.gather(*(b.opened(found) for b, found in zip(bargains, ids, strict=True)))

    async def settle() -> None:
        await asyncio.gather(*(b.settle(found) for b, found in zip(bargains, ids, strict=True)))

    stages: dict[str, Stage] = {
        "ten messages": lambda: asyncio.gather(*(bargain.talk() for bargain in bargains)),
        "signatures and opening": lambda: _both(sign, opened),
        "receipt and settlement": settle,
    }
    for name, stage in stages.items():
        before, began = place.spent(), time.perf_counter()
        await stage()
        after = place.spent()
        parts[f"{name}, ms of wall"] = round((time.perf_counter() - began) / len(bargains) * 1e3, 1)
        for who in after:
            parts[f"{name}, {who}, ms"] = round((after[who] - before[who]) / len(bargains) * 1e3, 1)
    return parts


async def _both(first: Stage, second: Stage) -> None:
    await first()
    await second()


def run() -> list[Result]:
    with yard() as place:
        return [uvloop.run(measured(place))]


BENCH = Bench("deals", "whole deals a second on one machine (T10)", run)
