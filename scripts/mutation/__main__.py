"""Mutation testing of the escrow.

usage: scripts/mutate list | run | report

  list     prints the mutants, one a line
  run      tests mutants that have no result yet, one at a time at the lowest priority, on a copy of the
           contracts in .tools/mutation, and keeps each result in contracts/test/mutants.json: stop it at any
           time, run it again to go on
  report   writes docs/mutation.md

  --sample N    only N mutants, drawn with the seed (default: all)
  --seed S      of the draw (default 1)
  --shard I/N   of run: every N-th mutant, from the I-th (0 to N - 1), in a copy of its own
  --minutes M   of run: begin no mutant M minutes after the tests have passed without any
  --file PART   only mutants of files whose path contains PART
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import tomllib
from pathlib import Path

from campaign import Copy, Results
from operators import Mutant, mutants_of
from report import page

ROOT = Path(__file__).resolve().parent.parent.parent
SOLC = ROOT / ".tools/bin/solc-v0.8.37"
RESULTS = ROOT / "contracts/test/mutants.json"
REASONS = ROOT / "contracts/test/equivalents.toml"
PAGE = ROOT / "docs/mutation.md"


def sources() -> list[str]:
    """The escrow's two halves, what they are made of, and its libraries."""
    contracts = ROOT / "contracts"
    paths = [contracts / "src/Escrow.sol", contracts / "src/EscrowActions.sol"]
    paths += sorted((contracts / "src/escrow").glob("*.sol")) + sorted(
        (contracts / "src/libraries").glob("*.sol")
    )
    return [str(path.relative_to(contracts)) for path in paths]


def draw(mutants: list[Mutant], sample: int, seed: int) -> list[Mutant]:
    if not 0 < sample < len(mutants):
        return mutants
    chosen = {mutant.key for mutant in random.Random(seed).sample(mutants, sample)}
    return [mutant for mutant in mutants if mutant.key in chosen]


def run(mutants: list[Mutant], shard: str, minutes: float) -> int:
    index, count = (int(part) for part in shard.split("/"))
    results = Results(RESULTS if count == 1 else RESULTS.with_suffix(f".{index}.json"))
    todo = [m for i, m in enumerate(mutants) if i % count == index and m.key not in results.known]
    print(f"{len(mutants)} mutants, {len(todo)} to run here")
    if not todo:
        return 0
    copy = Copy(ROOT, ROOT / ".tools/mutation" / str(index))
    copy.start()
    end = time.monotonic() + minutes * 60
    # Over the whole in any order: a campaign that is cut short is a sample of it.
    random.Random(0).shuffle(todo)
    for mutant in todo:
        if minutes and time.monotonic() > end:
            print("out of time; run it again to go on")
            break
        result = copy.judge(mutant)
        results.keep(mutant, result)
        print(
            f"{result['verdict']:10} {mutant.file}:{mutant.line} {mutant.operator} {result['by']}", flush=True
        )
    return 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/mutate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("list", "run", "report"))
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shard", default="0/1")
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--file", default="")
    options = parser.parse_args(arguments)
    everything = mutants_of(ROOT / "contracts", SOLC, sources())
    everything = [mutant for mutant in everything if options.file in mutant.file]
    mutants = draw(everything, options.sample, options.seed)
    if options.what == "run":
        return run(mutants, options.shard, options.minutes)
    if options.what == "list":
        for m in mutants:
            print(f"{m.key} {m.file}:{m.line} {m.operator}: {' '.join(m.old.split())[:60]} -> {m.new[:60]}")
        return 0
    known = Results(RESULTS).known
    for extra in sorted(RESULTS.parent.glob("mutants.*.json")):
        known |= Results(extra).known
    reasons = tomllib.loads(REASONS.read_text())["equivalent"] if REASONS.exists() else {}
    PAGE.write_text(page(everything, known, reasons, options.seed, len(mutants)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
