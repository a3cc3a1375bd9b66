"""kill -9 of a writing process at arbitrary moments: whatever it had acknowledged is there, in order, and
nothing else breaks.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from failing_disk import FAILURES

from parley.store import EventStore, NewEvent

WRITER = """
import sys, threading
from parley.store import ANY, DealRow, EventStore, NewEvent, NewOutbox
url, start = sys.argv[1], int(sys.argv[2])
store = EventStore.open(url)
print("ready", flush=True)
lock = threading.Lock()
def work(part):
    number = start
    while True:
        key = f"{part}:{number}"
        row = DealRow(f"d{part}", "pending", "0xt", number, 0, 0, 0, (("buyer", "0xb"),))
        result = store.append(f"s{part}", ANY, [NewEvent("said", {"key": key, "pad": "x" * 300})],
                              outbox=[NewOutbox("t", key, {"key": key})], rows=[row], idempotency_key=key)
        with lock:
            print(key, result.first.sequence, flush=True)
        number += 1
threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
[thread.start() for thread in threads]
"""


def run_and_kill(url: str, start: int, acknowledgements: int) -> list[tuple[str, int]]:
    """Write until so many were acknowledged, kill -9, and return all that were."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(start)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        said: list[str] = []
        while len(said) < acknowledgements:
            said.append(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.readlines()  # what was already in the pipe had been acknowledged too
    found = [line.split() for line in said if line.endswith("\n")]
    return [(key, int(sequence)) for key, sequence in found]


def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(tmp_path: Path) -> None:
    chance = random.Random(20)
    url = f"sqlite:///{tmp_path}/s.sqlite"
    acknowledged: dict[str, tuple[int, str]] = {}
    for round_number in range(6):
        for key, sequence in run_and_kill(url, round_number * 1_000_000, chance.randrange(1, 120)):
            acknowledged[key] = (sequence, f"s{key.split(':')[0]}")
        with EventStore.open(url) as store:
            events = store.feed(limit=1_000_000)
            assert [event.position for event in events] == list(range(1, len(events) + 1))
            held = {event.data["key"]: (event.sequence, event.stream) for event in events}
            assert acknowledged.items() <= held.items()
            assert sum(store.verify_stream(f"s{part}") for part in range(4)) == len(events)
            # Outbox and read model belong to the same transaction: never more, never less than the events.
            assert {item.key for item in store.outbox_pending(limit=1_000_000)} == held.keys()
            for part in range(4):
                mine = [event for event in events if event.stream == f"s{part}"]
                row = store.deals.get(f"d{part}")
                assert (row.price if row else None) == (
                    int(mine[-1].data["key"].split(":")[1]) if mine else None
                )


LIMITED = """
import resource, signal, sys
from parley.store import EventStore, NewEvent, StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = EventStore.open(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
kept = 0
try:
    while True:
        store.append("one", kept, [NewEvent("said", {"pad": "x" * 5000})], idempotency_key=str(kept))
        kept += 1
except StoreError as error:
    print(kept, error.code, error.retryable, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for again in range(kept, kept + 5):
    result = store.append("one", again, [NewEvent("said", {"pad": "x" * 5000})], idempotency_key=str(again))
    assert result.first.sequence == again
print(store.verify_stream("one"), flush=True)
"""


def test_a_write_that_the_system_refuses_is_typed_and_can_be_repeated(tmp_path: Path) -> None:
    """The operating system refuses to let the files grow; once it does again, the same writer goes on."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, f"sqlite:///{tmp_path}/s.sqlite", str(600_000)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    kept, code, retryable = first.split()
    assert (code, retryable) in {("store.unavailable", "True"), ("store.full", "True")}
    assert int(kept) > 0
    assert int(second) == int(kept) + 5


ON_A_FAILING_DISK = """
import os, sys
sys.path.insert(0, sys.argv[3])
import failing_disk
from parley.store import EventStore, NewEvent, StoreError
store = EventStore.open(sys.argv[1])
for n in range(20):
    store.append("one", n, [NewEvent("said", {"n": n})], idempotency_key=str(n))
assert store.length("one") == 20  # whoever read before reads on; a new connection may need to write
failing_disk.fail(failing_disk.FAILURES[sys.argv[2]])
for _ in range(3):
    try:
        store.append("one", 20, [NewEvent("said", {"n": 20})], idempotency_key="20")
    except StoreError as error:
        print(error.code, error.retryable, store.length("one"), store.verify_stream("one"), flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("failure", FAILURES)
def test_a_disk_that_fails_under_the_writer_is_typed_and_loses_nothing(tmp_path: Path, failure: str) -> None:
    """The kernel refuses writes or syncs from a moment on. What was acknowledged is there afterwards; what
    was refused may be, if only the sync failed, and sending it again gives one event in any case.
    """
    url = f"sqlite:///{tmp_path}/s.sqlite"
    done = subprocess.run(
        [sys.executable, "-c", ON_A_FAILING_DISK, url, failure, str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code = "store.full" if failure == "no space left" else "store.unavailable"
    assert done.stdout.splitlines() == [f"{code} True 20 20"] * 3
    with EventStore.open(url) as store:
        assert store.verify_stream("one") in ((20, 21) if failure == "failing flushes" else (20,))
        repeated = store.append("one", 20, [NewEvent("said", {"n": 20})], idempotency_key="20")
        assert repeated.first.sequence == 20
        assert [event.data["n"] for event in store.read("one")] == list(range(21))
