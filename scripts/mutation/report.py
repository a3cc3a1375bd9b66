"""docs/mutation.md: what a campaign found, how much of it there was, and who lived."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from operators import Mutant

HEAD = """# Mutation report

`scripts/mutate run` changes the escrow one place at a time, on a copy, and sees whether a test notices. This
page is written by `scripts/mutate report`; `scripts/mutate check` says whether it is about the sources that
are here.

## How

Places and operators are those of `scripts/mutation/operators.py`, at the nodes of the compiler's syntax tree:

| operator | change |
|---|---|
| comparison | `<` and `<=`, `>` and `>=`, `==` and `!=` change places |
| arithmetic, logic | `+` and `-`, `*` and `/`, `&&` and `||`, `&` and `|`, `<<` and `>>` change places |
| assignment | `+=` and `-=`, `|=` and `&=` change places |
| negation | `!x` becomes `x` |
| condition | the condition of an `if` or a `?:` becomes `true`, and `false` |
| deletion | a call, an assignment or an event is left out |
| number | a literal becomes one more |
| modifier | is left out |
| assembly | `lt` and `gt`, `and` and `or`, `add` and `sub`, `shl` and `shr` too, `eq` becomes `lt` |
| assembly | a literal becomes one more |

Constants and type strings are left out: published vectors hold them. So is a loop's step, without which it
never ends.

First look: all mutants are in one build without the optimizer, each behind a switch
(`scripts/mutation/schemata.py`), and meet the suites of the escrow, the token zoo, reentrancy, the audit, the
catalogue, the vectors, the lens and the panel, with 16 runs of a fuzz test. A mutant that no switch can hold
is built by itself. Second look, at what lives and has no reason below: the build that is deployed, with 64
runs and the invariants. Snapshots of gas are not among the tests, as nearly every mutant changes them.

*Raw* is killed over all that compile. *Adjusted* leaves out those that change nothing: the optimizer makes
the same bytecode of them, or the reason stands below.
"""


@dataclass(frozen=True)
class Campaign:
    commit: str
    sources: str
    seed: int
    there: int


def fingerprint(contracts: Path, names: Sequence[str]) -> str:
    """Of the sources that are judged."""
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.encode() + b"\0" + (contracts / name).read_bytes() + b"\0")
    return digest.hexdigest()


def stale(page_: Path, sources: str) -> str:
    """What is wrong with the page, if it judged other sources than these."""
    found = re.search(r"`([0-9a-f]{64})`", page_.read_text()) if page_.exists() else None
    if found and found[1] == sources:
        return ""
    return (
        "docs/mutation.md judged other sources of the escrow than are here: scripts/mutate run judges these"
    )


def page(
    campaign: Campaign,
    mutants: Sequence[Mutant],
    known: Mapping[str, Mapping[str, object]],
    reasons: Mapping[str, str],
    accepted: Mapping[str, str],
    note: str,
) -> str:
    verdicts = {mutant.key: str(known[mutant.key]["verdict"]) for mutant in mutants if mutant.key in known}
    done = [mutant for mutant in mutants if mutant.key in verdicts]
    alive = [mutant for mutant in done if verdicts[mutant.key] in ("survived", "lives")]
    argued = [mutant for mutant in alive if mutant.key in reasons]
    count = Counter(verdicts.values())
    killed, unexplained = count["killed"], len(alive) - len(argued)
    whole = len(done) == campaign.there
    compiled, left = killed + count["equivalent"] + len(alive), killed + unexplained
    rows = [
        ("commit", f"`{campaign.commit}`"),
        ("SHA-256 of the sources", f"`{campaign.sources}`"),
        ("seed", str(campaign.seed)),
        ("mutants there are", str(campaign.there)),
        ("judged", f"{len(done)}" + ("" if whole else ", drawn with the seed")),
        ("do not compile", str(count["invalid"])),
        ("killed", str(killed)),
        ("same bytecode", str(count["equivalent"])),
        ("argued to change nothing", str(len(argued))),
        ("survived otherwise", str(unexplained)),
        ("**raw kill rate**", rate(killed, compiled, compiled if whole else campaign.there)),
        ("**adjusted kill rate**", rate(killed, left, left if whole else campaign.there)),
    ]
    parts = [HEAD, "\n## Result\n\n| figure | value |\n|---|---|\n", *(f"| {a} | {b} |\n" for a, b in rows)]
    parts.append("\n" + note)
    parts.append(
        "\n## By file\n\n| file | killed | same bytecode | argued | survived | adjusted |\n"
        "|---|---|---|---|---|---|\n"
    )
    for name in sorted({mutant.file for mutant in done}):
        of = Counter(verdicts[mutant.key] for mutant in done if mutant.file == name)
        said = sum(mutant.file == name for mutant in argued)
        left = of["survived"] + of["lives"] - said
        share = percent(of["killed"], of["killed"] + left)
        parts.append(f"| `{name}` | {of['killed']} | {of['equivalent']} | {said} | {left} | {share} |\n")
    parts.append("\n## Survivors\n\n")
    for mutant in alive:
        reason = reasons.get(mutant.key) or "not killed. " + accepted.get(mutant.key, "Not explained.")
        change = f"`{flat(mutant.old)}` to `{flat(mutant.new)}`"
        parts.append(
            f"- `{mutant.file}:{mutant.line}` ({mutant.key}), {mutant.operator}, {change}: {reason}\n"
        )
    return "".join(parts if alive else [*parts, "None.\n"])


def rate(part: int, whole: int, there: int) -> str:
    """With Wilson's interval of 95 %, where it is the rate of a sample."""
    if not whole or whole >= there:
        return percent(part, whole)
    z, p = 1.96, part / whole
    middle, spread = p + z * z / (2 * whole), z * math.sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole))
    low, high = ((middle + sign * spread) / (1 + z * z / whole) for sign in (-1, 1))
    return f"{percent(part, whole)} (95 % interval {100 * low:.1f} to {100 * high:.1f} %)"


def percent(part: int, whole: int) -> str:
    return f"{1000 * part // whole / 10} %" if whole else "not measured"


def flat(code: str) -> str:
    code = " ".join(code.split())
    return code if len(code) <= 60 else code[:57] + "..."
