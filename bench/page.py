"""docs/benchmarks.md: the figures of one run, with the machine and the commit they are from."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.model import Result, number

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"


def write(results: Sequence[Result]) -> Path:
    PAGE.write_text(render(results, when=datetime.now(UTC), commit=commit(), machine=machine()))
    return PAGE


def render(results: Sequence[Result], *, when: datetime, commit: str, machine: str) -> str:
    lines = [
        "# Benchmarks",
        "",
        "Made by `scripts/bench all`. Times are ratios to a floor in the same run, gas is from receipts.",
        "",
        f"- Date: {when:%Y-%m-%d %H:%M} UTC",
        f"- Commit: {commit}",
        f"- Machine: {machine}",
        "",
        "| target | what | value | unit | wanted | holds |",
        "|---|---|---|---|---|---|",
    ]
    for result in results:
        target = result.target
        lines.append(
            f"| {target.id} | {target.what} | {number(result.value)} | {target.unit} | {target.wanted} "
            f"| {'yes' if result.holds else 'no'} |"
        )
    lines += ["", "## How each was measured", ""]
    for result in results:
        lines.append(f"**{result.target.id}.** {result.how}")
        if result.parts:
            made_of = ", ".join(f"{name} {_part(value)}" for name, value in result.parts.items())
            lines.append(f"Parts: {made_of}.")
        lines.append("")
    return "\n".join(lines)


def _part(value: object) -> str:
    return number(value) if isinstance(value, int | float) else str(value)


def machine() -> str:
    """Processor, cores, memory, operating system and Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {system}"


def commit() -> str:
    """The commit that was measured; marked where files differ from it."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        return f"{head} with changes" if _git("status", "--porcelain") else head
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
