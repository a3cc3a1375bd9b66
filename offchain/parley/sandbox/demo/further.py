"""Commands that go on from a demonstration."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from parley.sandbox.demo.result import Result


def program() -> str:
    """How the reader's shell starts this very installation, as short as it can be said from here."""
    script = Path(sys.executable).with_name("parley")
    if not script.is_file():
        return f"{shlex.quote(sys.executable)} -m parley.cli"
    return shlex.quote(_short(script))


def further(result: Result, program: str) -> list[str]:
    """What to run next, each line ready to be copied."""
    if result.kept is None:
        return [
            "To keep bundles, logs and databases:",
            f"  {program} demo --seed {result.seed} --keep FOLDER",
        ]
    kept = shlex.quote(_short(result.kept))
    lines = [f"Kept in {kept}. To look further:"]
    if result.lines:
        bundle = shlex.quote(_short(result.lines[0].bundle))
        lines.append(f"  {program} verify {bundle}")
    if result.tampered is not None:
        lines.append(f"  {program} verify {shlex.quote(_short(result.tampered))}")
    lines.append(f"  less {shlex.quote(_short(result.kept / 'logs' / 'buyer.log'))}  # each decision and why")
    lines.append(
        f"  less {shlex.quote(_short(result.kept / 'result.json'))}  # everything above, for machines"
    )
    return lines


def _short(path: Path) -> str:
    """Relative to the working directory where it lies below it."""
    try:
        return f"{path.relative_to(Path.cwd())}"
    except ValueError:
        return str(path)
