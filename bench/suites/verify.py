"""Verification of evidence bundles (T11), with the memory that a large one takes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.model import Bench, Result, Target

T11 = Target("T11", "verification of a bundle of 100 messages, beyond start-up", "ms", 60)

ROOT = Path(__file__).parents[2]
MESSAGES = 100
LARGE = 10_000
RUNS = 11
_CHILD = """
import json, re, resource, sys, time
from pathlib import Path
import parley.cli.verify
from parley.evidence.verify import verify_file
def peak_memory():
    # Where there is /proc: getrusage counts what the parent held when it forked.
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
started = time.process_time()
report = verify_file(sys.argv[1])
first = time.process_time()
peak = peak_memory()
verify_file(sys.argv[1])
second = time.process_time()
print(json.dumps([report.ok, started, first - started, second - first, peak]))
"""


def verified(path: Path) -> tuple[float, float, float, float]:
    """CPU milliseconds of start-up, of the first and of the second verification; peak memory, MB."""
    done = subprocess.run([sys.executable, "-c", _CHILD, str(path)], capture_output=True, check=True)
    ok, startup, first, second, peak = json.loads(done.stdout)
    if not ok:
        raise RuntimeError(f"{path.name} does not verify")
    return startup * 1e3, first * 1e3, second * 1e3, peak


def run() -> list[Result]:
    sys.path.insert(0, str(ROOT / "tests" / "vectors"))
    from samples import agreement

    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
        paths = {size: Path(name) / f"{size}.json" for size in (MESSAGES, LARGE)}
        for size, path in paths.items():
            path.write_bytes(agreement(size).bundle().canonical())
        runs = [verified(paths[MESSAGES]) for _ in range(RUNS)]
        _, large, _, peak = verified(paths[LARGE])
        startup, first, second, _ = (statistics.median(column) for column in zip(*runs, strict=True))
        size = paths[MESSAGES].stat().st_size
    return [
        T11.measured(
            round(first, 1),
            how=f"A negotiation of {MESSAGES} messages over four issues with its deal, {size:,} bytes, all "
            "payloads and Merkle proofs present, checked offline from the file as `parley verify` does it. "
            f"Processor time of the first verification in a fresh process, after imports; median of {RUNS} "
            "processes.",
            parts={
                "start-up (imports), ms": round(startup, 1),
                "second verification in the same process, ms": round(second, 1),
                f"{LARGE} messages, ms": round(large),
                f"{LARGE} messages, peak memory of the process, MB (T14 wants ≤ 200)": round(peak),
            },
        )
    ]


BENCH = Bench("verify", "verification of evidence bundles (T11)", run)
