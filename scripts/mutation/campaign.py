"""Runs mutants, one at a time, on a copy of the contracts; keeps each result, so as to go on later."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from operators import Mutant

# The quick suites first, with a few fuzz runs; what they let live meets the invariants and more runs.
STAGES = (
    ("test/{escrow,escrow-tokens,audit,vectors}/**", {"FOUNDRY_FUZZ_RUNS": "32"}),
    ("test/{escrow,escrow-tokens,audit,invariant}/**", {"FOUNDRY_FUZZ_RUNS": "256"}),
)
PRODUCED = ("Escrow", "EscrowActions")
TIMEOUT = 1200.0


class Copy:
    """The contracts in a folder of their own, built once; a mutant lives there while it is tested."""

    def __init__(self, root: Path, place: Path) -> None:
        self.contracts = place / "contracts"
        self.original = root / "contracts"
        self.environment = {
            **os.environ,
            "FOUNDRY_OUT": str(place / "out"),
            "FOUNDRY_CACHE_PATH": str(place / "cache"),
            "FOUNDRY_SOLC": str(root / ".tools/bin/solc-v0.8.37"),
            "FORGE_SNAPSHOT_CHECK": "false",
        }
        self.out = place / "out"
        shutil.rmtree(self.contracts, ignore_errors=True)
        self.contracts.mkdir(parents=True)
        for name in ("src", "test"):
            shutil.copytree(self.original / name, self.contracts / name)
        shutil.copy2(self.original / "foundry.toml", self.contracts / "foundry.toml")
        (self.contracts / "node_modules").symlink_to(self.original / "node_modules")
        vectors = place / "tests" / "vectors"
        shutil.rmtree(vectors, ignore_errors=True)
        shutil.copytree(root / "tests" / "vectors", vectors)
        self.baseline = ""

    def forge(self, stage: int) -> tuple[int, str]:
        path, extra = STAGES[stage]
        command = ["nice", "-n", "19", "forge", "test", "--fail-fast", "--match-path", path]
        try:
            done = subprocess.run(
                command,
                cwd=self.contracts,
                env={**self.environment, **extra},
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return 124, "timeout"
        return done.returncode, done.stdout + done.stderr

    def bytecode(self) -> str:
        """A fingerprint of what was built of the contracts themselves."""
        codes = []
        for name in PRODUCED:
            artifact = json.loads((self.out / f"{name}.sol" / f"{name}.json").read_text())
            codes.append(artifact["bytecode"]["object"])
        return hashlib.sha256("\0".join(codes).encode()).hexdigest()

    def start(self) -> None:
        """Everything passes as it is, or nothing can be said about mutants."""
        for stage in range(len(STAGES)):
            code, output = self.forge(stage)
            if code != 0:
                raise SystemExit(f"the tests fail without any mutant\n{output[-3000:]}")
        self.baseline = self.bytecode()

    def judge(self, mutant: Mutant) -> dict[str, object]:
        """`killed` (by which test), `survived`, `equivalent` (same bytecode) or `invalid` (no bytecode)."""
        target = self.contracts / mutant.file
        source = target.read_bytes()
        started = time.monotonic()
        result: dict[str, object] = {"verdict": "survived", "by": ""}
        try:
            target.write_bytes(mutant.apply(source))
            for stage in range(len(STAGES)):
                code, output = self.forge(stage)
                if "Compiler run failed" in output or "Error: Compil" in output:
                    result["verdict"] = "invalid"
                elif code == 124:
                    result = {"verdict": "killed", "by": "timeout"}
                elif code != 0:
                    result = {"verdict": "killed", "by": killer(output)}
                elif stage == 0 and self.bytecode() == self.baseline:
                    result["verdict"] = "equivalent"
                else:
                    continue
                break
        finally:
            target.write_bytes(source)
        result["seconds"] = round(time.monotonic() - started, 1)
        return result


def killer(output: str) -> str:
    """The first failing test in forge's output."""
    suite = ""
    for line in output.splitlines():
        if line.startswith("Encountered ") and " in " in line:
            suite = line.rsplit(" in ", 1)[1]
        if line.startswith("[FAIL"):
            after = line.split("] ", 1)
            return f"{suite} {after[1].split('(')[0] if len(after) > 1 else ''}".strip()
    return "a failing run"


class Results:
    """What is known by now, in a file that is written after every mutant."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[str, dict[str, object]] = json.loads(path.read_text()) if path.exists() else {}

    def keep(self, mutant: Mutant, result: dict[str, object]) -> None:
        self.known[mutant.key] = {
            "file": mutant.file,
            "operator": mutant.operator,
            "old": mutant.old,
            "new": mutant.new,
            **result,
        }
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(self.known, indent=1, sort_keys=True) + "\n")
        fresh.replace(self.path)
