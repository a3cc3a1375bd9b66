"""Compiled contracts: the committed artifacts are brought up to date when the sources have moved on."""

from __future__ import annotations

import os
from pathlib import Path

import tools
from layout import Layout, fingerprint, run


def build(layout: Layout) -> bool:
    sources = sorted((layout.contracts / "src").rglob("*.sol"))
    if not sources:
        return False
    artifacts = _exported(layout)
    inputs = [
        *sources,
        layout.contracts / "foundry.toml",
        layout.root / "scripts" / "export_artifacts",
        *artifacts,
    ]
    names = [str(path.relative_to(layout.root)) for path in inputs]
    if layout.fresh("contracts", fingerprint(*names, *inputs)):
        return False
    version = tools.solc_version(layout)
    environment = {
        "PATH": f"{layout.bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "FOUNDRY_SOLC": str(layout.bin / f"solc-v{version}"),
    }
    run(
        [layout.python, layout.root / "scripts" / "export_artifacts"],
        what="compiling the contracts",
        env=environment,
    )
    artifacts = _exported(layout)
    inputs = [
        *sources,
        layout.contracts / "foundry.toml",
        layout.root / "scripts" / "export_artifacts",
        *artifacts,
    ]
    names = [str(path.relative_to(layout.root)) for path in inputs]
    layout.stamp("contracts", fingerprint(*names, *inputs))
    return True


def _exported(layout: Layout) -> list[Path]:
    chain = layout.root / "offchain" / "parley" / "chain"
    return sorted([*(chain / "artifacts").glob("*.json"), *chain.glob("verification.json")])
