"""Commands that go on from a demonstration."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from parley.chain.anvil import find_anvil
from parley.sandbox.demo.result import Result

NODE = "http://127.0.0.1:8545"
"""Where Anvil listens unless it is told otherwise."""


def program() -> str:
    """How the reader's shell starts this very installation, as short as it can be said from here."""
    script = Path(sys.executable).with_name("parley")
    if not script.is_file():
        return f"{shlex.quote(sys.executable)} -m parley.cli"
    return _word(script)


def further(result: Result, program: str) -> list[str]:
    """What to run next, each line ready to be copied."""
    if result.kept is None:
        return [
            "To keep bundles, logs, databases and the chain:",
            f"  {program} demo --seed {result.seed} --keep FOLDER",
        ]
    return [
        f"Kept in {_word(result.kept)}. To look further:",
        *_evidence(result, program),
        *_chain(result, result.kept, program),
        "  # each decision and why; everything above, for machines",
        f"  less {_word(result.kept / 'logs' / 'buyer.log')}",
        f"  less {_word(result.kept / 'result.json')}",
    ]


def _evidence(result: Result, program: str) -> list[str]:
    lines = ["  # evidence, offline: a deal, and the same with another price"] if result.lines else []
    lines += [f"  {program} verify {_word(line.bundle)}" for line in result.lines[:1]]
    if result.tampered is not None:
        lines.append(f"  {program} verify {_word(result.tampered)}")
    return lines


def _chain(result: Result, kept: Path, program: str) -> list[str]:
    """The chain as it was at the end, and questions to it."""
    lines = [
        "  # the chain as it was at the end, and what anyone can ask it",
        f"  {_word(find_anvil())} --silent --load-state {_word(kept / 'chain.json')} &",
    ]
    for line in result.lines[:1]:
        lines.append(f"  {program} verify {_word(line.bundle)} --rpc {NODE}")
        seller, escrow = result.accounts[line.seller], result.contracts["escrow"]
        lines.append(f"  {program} reputation {seller} --rpc {NODE} --escrow {escrow}")
    return lines


def _word(path: Path) -> str:
    """A path as one word of a shell, relative to the working directory where it lies below it."""
    try:
        return shlex.quote(str(path.relative_to(Path.cwd())))
    except ValueError:
        return shlex.quote(str(path))
