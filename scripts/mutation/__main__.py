"""Mutation testing of the escrow.

usage: scripts/mutate list | run | report | check

  list     prints the mutants, one a line
  run      tests mutants that have no result yet, on a copy of the contracts in
           .tools/mutation, and keeps each result there: stop it at any time, run it again to go on
  report   writes docs/mutation.md
  check    says whether docs/mutation.md is about the sources and tests that are here

  --sample N    only N mutants, drawn with the seed (default: all)
  --seed S      of the draw (default 1)
  --workers N   of run: so many at once (default 2)
  --nice N      of run: so much lower a priority for the tests of mutants than for the build (default 10)
  --minutes M   of run: first looks for so long only; 0 goes straight to the second look at what lives
  --quick       of run: leave out the second look
  --again       of run: test again what lived or survived
  --file PART   only mutants of files whose path contains PART
"""

from __future__ import annotations

import argparse
import math
import os
import random
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from build import Compiler
from judge import Judge, Results
from operators import Mutant, mutants_of
from report import Campaign, fingerprint, page, stale

ROOT = Path(__file__).resolve().parent.parent.parent
CONTRACTS = ROOT / "contracts"
SOLC = ROOT / ".tools/bin/solc-v0.8.37"
PLACE = ROOT / ".tools/mutation"
REASONS = CONTRACTS / "test/equivalents.toml"
PAGE = ROOT / "docs/mutation.md"


def sources() -> list[str]:
    """The escrow's two halves, what they are made of, and its libraries."""
    paths = [CONTRACTS / "src/Escrow.sol", CONTRACTS / "src/EscrowActions.sol"]
    for folder in ("escrow", "libraries"):
        paths += sorted((CONTRACTS / "src" / folder).glob("*.sol"))
    return [str(path.relative_to(CONTRACTS)) for path in paths]


def reasons(table: str = "equivalent") -> dict[str, str]:
    """Why a mutant, by its key, changes nothing; or, of `accepted`, why no test tells it from the escrow."""
    found: dict[str, str] = tomllib.loads(REASONS.read_text())[table]
    return found


def draw(mutants: list[Mutant], sample: int, seed: int) -> list[Mutant]:
    if not 0 < sample < len(mutants):
        return mutants
    chosen = {mutant.key for mutant in random.Random(seed).sample(mutants, sample)}
    return [mutant for mutant in mutants if mutant.key in chosen]


def verdict_of(results: Results, mutant: Mutant) -> object:
    return results.known.get(mutant.key, {}).get("verdict")


def run(
    mutants: list[Mutant], everything: list[Mutant], options: argparse.Namespace, results: Results
) -> None:
    alive = {key for key, result in results.known.items() if result["verdict"] in ("lives", "survived")}
    again = alive if options.again else set()
    for key in again:
        del results.known[key]
    todo = [mutant for mutant in mutants if mutant.key not in results.known]
    unsure = [mutant for mutant in mutants if verdict_of(results, mutant) == "lives"]
    print(f"{len(mutants)} mutants, {len(todo)} to run, {len(unsure)} to look at again", flush=True)
    if not todo and (options.quick or not unsure):
        return
    judge = Judge(ROOT, PLACE, Compiler(CONTRACTS, PLACE, SOLC), results, options.workers)
    numbers = dict(enumerate(everything, 1))
    judge.start(numbers)
    os.nice(options.nice)
    # In any order, so that a campaign that is cut short is a sample.
    wanted = [(number, mutant) for number, mutant in numbers.items() if mutant in todo]
    random.Random(options.seed).shuffle(wanted)
    wanted.sort(key=lambda item: item[1].key not in again)
    judge.quickly(dict(wanted), time.monotonic() + 60 * options.minutes)
    if not options.quick:
        unsure = [mutant for mutant in mutants if verdict_of(results, mutant) == "lives"]
        judge.thoroughly([mutant for mutant in unsure if mutant.key not in reasons() | reasons("accepted")])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/mutate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("list", "run", "report", "check"))
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--nice", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--file", default="")
    options = parser.parse_args(arguments)
    names = sources()
    if options.what == "check":
        complaint = stale(PAGE, fingerprint(CONTRACTS, names))
        print(complaint or "docs/mutation.md is about the sources that are here")
        return 1 if complaint else 0
    everything = mutants_of(CONTRACTS, SOLC, names)
    mutants = draw([m for m in everything if options.file in m.file], options.sample, options.seed)
    if options.what == "list":
        for m in mutants:
            print(f"{m.key} {m.file}:{m.line} {m.operator}: {' '.join(m.old.split())[:60]} -> {m.new[:60]}")
        return 0
    results = Results(PLACE / "results.json", fingerprint(CONTRACTS, names))
    if options.what == "run":
        run(mutants, everything, options, results)
        return 0
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    campaign = Campaign(commit, results.sources, options.seed, len(everything))
    note = tomllib.loads(REASONS.read_text())["note"]
    PAGE.write_text(page(campaign, mutants, results.known, reasons(), reasons("accepted"), note))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
