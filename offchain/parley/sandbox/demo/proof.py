"""What a stranger does at the end: verifies every bundle against the chain, and sees a tampered one fail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parley.chain.reader import OnChainReader
from parley.evidence.verify import verify_bundle, verify_file
from parley.sandbox.demo.result import Result
from parley.sandbox.demo.stage import Stage


def verify_all(stage: Stage, bundles: Mapping[str, Path], result: Result) -> None:
    """One check a bundle; `bundles` are files by deal id."""
    for deal_id, path in bundles.items():
        report = verify_file(path, lambda escrow: OnChainReader(stage.node, escrow))
        result.check(f"bundle of {deal_id[:10]} verifies against the chain", report.ok, report.verdict)


def tamper(path: Path, result: Result) -> Path:
    """Changes the agreed price in a copy of a bundle; the copy must fail, and say why."""
    document: dict[str, Any] = json.loads(path.read_text())
    offer = next(
        message["payload"]
        for message in reversed(document["messages"])
        if message["core"]["performative"] in ("propose", "counter")
    )
    price = offer["values"]["usd_per_gpu_hour"]
    offer["values"]["usd_per_gpu_hour"] = str(int(price) + 10_000)
    forged = path.with_name(path.name.replace(".json", ".tampered.json"))
    forged.write_text(json.dumps(document))
    report = verify_bundle(forged.read_bytes())
    result.check("a tampered bundle is refused", not report.ok, report.verdict)
    return forged
