"""docs/mutation.md: what a campaign found, how much of it there was, and who lived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from operators import Mutant

HEAD = """# Mutation report

`scripts/mutate run` changes the escrow one place at a time, on a copy, and sees whether a test notices.
Operators are those of `scripts/mutation/operators.py`, at the places that the compiler's syntax tree
gives; constants and type strings are left out, as published vectors hold them. Each mutant meets the
suites of the escrow, the token zoo, the audit and the vectors with 32 runs a fuzz test; what they let
live meets them again with 256 runs, and the invariants. `scripts/mutate report` writes this page.

*Raw* is killed over all that compile; *adjusted* leaves out those that change nothing: the compiler
gives the same bytecode, or the reason stands in `contracts/test/equivalents.toml`.
"""


def page(
    mutants: list[Mutant],
    known: Mapping[str, Mapping[str, object]],
    reasons: Mapping[str, str],
    seed: int,
    chosen: int,
) -> str:
    done = [mutant for mutant in mutants if mutant.key in known]
    verdicts = Counter(str(known[mutant.key]["verdict"]) for mutant in done)
    argued = [m for m in done if known[m.key]["verdict"] == "survived" and m.key in reasons]
    killed = verdicts["killed"]
    valid = killed + verdicts["survived"] + verdicts["equivalent"]
    counted = killed + verdicts["survived"] - len(argued)
    parts = [
        HEAD,
        f"\n| figure | value |\n|---|---|\n| mutants there are | {len(mutants)} |\n",
        f"| drawn, with seed {seed} | {chosen} |\n| run | {len(done)} |\n",
        f"| do not compile | {verdicts['invalid']} |\n| killed | {killed} |\n",
        f"| same bytecode | {verdicts['equivalent']} |\n| argued to be equivalent | {len(argued)} |\n",
        f"| survived otherwise | {verdicts['survived'] - len(argued)} |\n",
        f"| raw kill rate | {percent(killed, valid)} |\n",
        f"| adjusted kill rate | {percent(killed, counted)} |\n",
        "\n## By file\n\n| file | run | killed | survived | same bytecode |\n|---|---|---|---|---|\n",
    ]
    for name in sorted({mutant.file for mutant in done}):
        of = Counter(str(known[m.key]["verdict"]) for m in done if m.file == name)
        parts.append(
            f"| `{name}` | {of.total()} | {of['killed']} | {of['survived']} | {of['equivalent']} |\n"
        )
    parts.append("\n## Survivors\n\n")
    survivors = [m for m in done if known[m.key]["verdict"] == "survived"]
    if not survivors:
        parts.append("None.\n")
    for mutant in survivors:
        reason = reasons.get(mutant.key, "not explained yet")
        change = f"`{flat(mutant.old)}` to `{flat(mutant.new)}`"
        parts.append(
            f"- `{mutant.file}:{mutant.line}` ({mutant.key}), {mutant.operator}, {change}: {reason}\n"
        )
    return "".join(parts)


def percent(part: int, whole: int) -> str:
    return f"{1000 * part // whole / 10} %" if whole else "not measured"


def flat(code: str) -> str:
    code = " ".join(code.split())
    return code if len(code) <= 60 else code[:57] + "..."
