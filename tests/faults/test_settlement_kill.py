"""kill -9 of the settling process at arbitrary moments, and the same deal from many sides: each deal opens
exactly once.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from market import Market, run, until

from parley.chain.intents import IntentStatus
from parley.settlement import Settlement
from parley.store import EventStore

SETTLER = """
import json, sys
from parley.chain.anvil import local_signer
from parley.chain.node import NodeClient
from parley.settlement import Settlement, SettlementWorker
from parley.store import EventStore
from parley.terms.deal import Deal
url, rpc, escrow, block, path = sys.argv[1:]
store = EventStore.open(url)
node = NodeClient(rpc, chain_id=31337)
settlement = Settlement.connect(store, node, escrow, local_signer(1), start_block=int(block))
worker = SettlementWorker(settlement, store, busy=0.001, idle=0.01).start()
print("ready", flush=True)
for line in open(path):
    body = json.loads(line)
    accepted = settlement.submit(Deal.from_json(body["deal"]), body["buyer"], body["seller"])
    print(accepted.deal_id, flush=True)
print("all", flush=True)
sys.stdin.read()
"""


def openings(settlement: Settlement) -> list[str]:
    """Keys of the openings that are done, whichever transactions carried them."""
    done = settlement.sender.intents.in_status([IntentStatus.CONFIRMED])
    return [intent.key for intent in done if ":open:" in intent.key]


def test_deals_open_once_though_their_settler_is_killed_again_and_again(
    market: Market, tmp_path: Path
) -> None:
    chance = random.Random(9)
    signed = [market.deal(nonce) for nonce in range(20)]
    path = tmp_path / "deals.jsonl"
    path.write_text(
        "".join(
            json.dumps({"deal": s.deal.as_json(), "buyer": s.buyer, "seller": s.seller}) + "\n"
            for s in signed
        )
    )
    url = f"sqlite:///{tmp_path}/s.sqlite"
    arguments = [url, market.anvil.rpc_url, market.deployment.escrow, str(market.deployment.block), str(path)]
    acknowledged: set[str] = set()
    for _ in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", SETTLER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            for _ in range(chance.randrange(1, 20)):
                process.stdout.readline()
            os.kill(process.pid, signal.SIGKILL)
            acknowledged |= {line.strip() for line in process.stdout if line.startswith("0x")}
    with EventStore.open(url) as store:
        settlement = market.settlement(store)
        for deal_id in acknowledged:
            assert settlement.submitted(deal_id) is not None
        for item in signed:
            settlement.submit(item.deal, item.buyer, item.seller)
            run(settlement, item.deal_id, "open")
        until(lambda: not settlement.tick())
        assert [market.openings(item.deal_id) for item in signed] == [1] * 20
        intents = settlement.sender.intents
        assert len(openings(settlement)) == 20
        assert intents.in_status([IntentStatus.REVERTED, IntentStatus.FAILED]) == []
        assert market.node.nonce(market.relayer.address, "latest") == market.node.nonce(
            market.relayer.address
        )


def test_the_same_deal_from_many_threads_and_two_processes_worth_of_settlements(
    market: Market, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/s.sqlite"
    signed = [market.deal(nonce) for nonce in range(3)]
    with EventStore.open(url) as one, EventStore.open(url) as two:
        settlements = [market.settlement(one), market.settlement(two)]

        def submit(number: int) -> bool:
            item = signed[number % 3]
            return settlements[number % 2].submit(item.deal, item.buyer, item.seller).duplicate

        with ThreadPoolExecutor(6) as pool:
            duplicates = list(pool.map(submit, range(24)))
        assert duplicates.count(False) == 3
        until(lambda: [settlement.tick() for settlement in settlements] == [False, False])
        for item in signed:
            run(settlements[0], item.deal_id, "open")
            assert market.openings(item.deal_id) == 1
        until(lambda: [settlement.tick() for settlement in settlements] == [False, False])
        assert len(openings(settlements[0])) == 3
