"""Random negotiations of every protocol replay to identical bytes, whatever the hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from replays import digest

SCRIPT = Path(__file__).parent / "replays.py"


def _under(hash_seed: str, count: int) -> str:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(count)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_replays_give_identical_bytes_under_every_hash_seed() -> None:
    found, ends = digest(200)
    assert {_under(hash_seed, 200) for hash_seed in ("0", "1", "4294967295")} == {found}
    for protocol in ("alternating-offers", "sealed-bid", "mediated"):
        assert ends.get(f"{protocol} agreed", 0) > 0, ends


@pytest.mark.deep
@pytest.mark.timeout(1_800)
def test_ten_thousand_replays_give_identical_bytes() -> None:
    assert _under("0", 10_000) == _under("random", 10_000)
