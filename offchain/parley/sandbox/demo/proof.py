"""What a stranger does at the end: verifies every bundle against the chain, and sees a tampered one fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from parley.chain.reader import OnChainReader
from parley.evidence.verify import verify_bundle, verify_file
from parley.sandbox.demo.lines import OFFERS
from parley.sandbox.demo.result import Check, Result
from parley.sandbox.demo.stage import Stage


def verify_all(stage: Stage, result: Result) -> int:
    """One check a deal; how many verify."""
    verified = 0
    for line in result.lines:
        report = verify_file(line.bundle, lambda escrow: OnChainReader(stage.node, escrow))
        passed = sum(check.ok for check in report.checks)
        detail = f"{passed} of {len(report.checks)} checks hold" if report.ok else report.verdict
        result.check(f"bundle {line.number} verifies against the chain", report.ok, detail)
        verified += report.ok
    return verified


def tamper(path: Path, result: Result) -> Check:
    """Changes the agreed price in a copy of a bundle; the copy must fail, and say why."""
    document: dict[str, Any] = json.loads(path.read_text())
    offer = next(
        message["payload"]
        for message in reversed(document["messages"])
        if message["core"]["performative"] in OFFERS
    )
    price = offer["values"]["usd_per_gpu_hour"]
    offer["values"]["usd_per_gpu_hour"] = str(int(price) + 10_000)
    forged = path.with_name(f"{path.stem}.tampered.json")
    forged.write_text(json.dumps(document))
    result.tampered = forged
    failure = verify_bundle(forged.read_bytes()).failure
    detail = "it verified" if failure is None else f"{failure.name}: {failure.detail.split(' (')[0]}"
    return result.check("a bundle with another price is refused", failure is not None, detail)
