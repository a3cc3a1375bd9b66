"""Command line of scripts/check_promises and scripts/break_promises."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from check import problems
from copies import copy_tree
from page import Break, Page, PageError, read_page
from runner import Verdict, baseline, try_break

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/promises.md"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="promises", description="What docs/promises.md claims, checked.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "check",
        prog="scripts/check_promises",
        description="Checks that every test and every break the page names exists.",
    )
    trial = commands.add_parser(
        "break",
        prog="scripts/break_promises",
        description="Breaks a copy of the code, line by line, and demands that the named test fails.",
    )
    for command in (check, trial):
        command.add_argument("--root", type=Path, default=ROOT, help="another checkout")
    trial.add_argument(
        "--only", action="append", metavar="ID", help="a promise (N4) or one break of it (N4.1); may repeat"
    )
    trial.add_argument("--jobs", type=int, default=1, help="breaks tried at once, each in its own copy")
    trial.add_argument("--timeout", type=float, default=600.0, help="seconds a single run may take")
    options = parser.parse_args(arguments)
    root: Path = options.root.resolve()
    try:
        page = read_page(root / PAGE)
    except (OSError, PageError) as error:
        print(f"{PAGE}: {error}", file=sys.stderr)
        return 1
    wrong = problems(root, page)
    for line in wrong:
        print(f"{PAGE}: {line}", file=sys.stderr)
    if wrong:
        return 1
    if options.command == "check":
        print(f"{len(page.promises)} promises, {len(page.breaks)} breaks: all tests and lines exist")
        return 0
    return _break(root, page, options.only, max(1, options.jobs), options.timeout)


def _break(root: Path, page: Page, only: list[str] | None, jobs: int, timeout: float) -> int:
    chosen = [one for one in page.breaks if only is None or one.promise in only or one.name in only]
    if not chosen:
        print("no break has such an id", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="parley-breaks-") as folder:
        first = Path(folder) / "1"
        copy_tree(root, first)
        failing = baseline(first, sorted({one.test for one in chosen}), timeout)
        if failing is not None:
            print(f"before any break this fails already:\n{failing}", file=sys.stderr)
            return 1
        verdicts = list(_trials(root, chosen, first, min(jobs, len(chosen)), timeout))
    shown = sum(verdict.proven for verdict in verdicts)
    print(f"\n{shown} of {len(verdicts)} breaks made their test fail")
    return 0 if shown == len(verdicts) else 1


def _trials(root: Path, chosen: list[Break], first: Path, jobs: int, timeout: float) -> Iterable[Verdict]:
    free: SimpleQueue[Path] = SimpleQueue()
    free.put(first)
    for number in range(2, jobs + 1):
        copy = first.with_name(str(number))
        copy_tree(root, copy)
        free.put(copy)

    def one_trial(one: Break) -> Verdict:
        copy = free.get()
        try:
            return try_break(copy, one, timeout)
        finally:
            free.put(copy)

    width = max(len(one.name) for one in chosen)
    with ThreadPoolExecutor(jobs) as pool:
        for one, verdict in zip(chosen, pool.map(one_trial, chosen), strict=True):
            mark = "ok " if verdict.proven else "NOT"
            print(
                f"{mark} {verdict.name:<{width}} {verdict.seconds:6.1f} s  {one.test}  {verdict.why}",
                flush=True,
            )
            yield verdict


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
