"""Many mutants in one build, each behind a switch in the code: the compiler runs once for all of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from operators import Mutant

#: In the bytecode this stands where the number of the mutant goes that is on. Found nowhere else in it.
SWITCH = "5bf0a8b1457695e3"

ASSEMBLY = b'assembly ("memory-safe") {'
# The marks that say, in a source or in the compiler's complaint about it, which mutant is meant.
MARK = re.compile(rb"mutant_?\(?(\d+)")


def switched(source: bytes, numbered: Iterable[tuple[int, Mutant]]) -> bytes:
    """The source of one file in which each of these mutants is there, and off while another number is on."""
    owners: dict[tuple[int, int], list[tuple[int, Mutant]]] = defaultdict(list)
    for number, mutant in numbered:
        owners[mutant.owner].append((number, mutant))
    body = _render(source, 0, len(source), owners)
    # Functions of assembly are seen in their own block only.
    functions = {
        n: _function(n, m) for mutants in owners.values() for n, m in mutants if m.form == "assembly"
    }
    first, *blocks = body.split(ASSEMBLY)
    for i, block in enumerate(blocks):
        used = sorted({int(number) for number in re.findall(rb"mutant_(\d+)", block)})
        blocks[i] = "".join(functions[number] for number in used).encode() + block
    body = ASSEMBLY.join([first, *blocks])
    return body + (
        f"\nfunction mutant(uint256 number) pure returns (bool) {{ return 0x{SWITCH} == number; }}\n".encode()
    )


def _render(
    source: bytes, start: int, end: int, owners: dict[tuple[int, int], list[tuple[int, Mutant]]]
) -> bytes:
    inside = [at for at in owners if start <= at[0] and sum(at) <= end and at != (start, end - start)]
    pieces, position = [], start
    for at in sorted(inside, key=lambda span: (span[0], -span[1])):
        if at[0] < position:
            continue  # rendered already, as a part of the one before
        pieces += [source[position : at[0]], _wrapped(source, at, owners)]
        position = sum(at)
    return b"".join([*pieces, source[position:end]])


def _wrapped(
    source: bytes, at: tuple[int, int], owners: dict[tuple[int, int], list[tuple[int, Mutant]]]
) -> bytes:
    inner = _render(source, at[0], sum(at), owners)
    for number, mutant in owners[at]:
        changed = mutant.apply(source)[at[0] : sum(at) + len(mutant.new.encode()) - mutant.length]
        name = str(number).encode()
        if mutant.form == "assembly":
            inner = b"mutant_" + name + (b"" if mutant.old.isalpha() else b"()")
        elif mutant.form == "statement":
            inner = b"{ if (!mutant(" + name + b")) { " + inner + b" } }"
        else:
            inner = b"(mutant(" + name + b") ? " + changed + b" : " + inner + b")"
            if mutant.form != "expression":
                inner = mutant.form.encode() + inner
    return inner


def _function(number: int, mutant: Mutant) -> str:
    if mutant.old.isalpha():
        arguments, call = "(mutantA, mutantB)", "(mutantA, mutantB)"
    else:
        arguments, call = "()", ""
    return (
        f" function mutant_{number}{arguments} -> mutantR {{ mutantR := {mutant.old}{call}"
        f" if eq(0x{SWITCH}, {number}) {{ mutantR := {mutant.new}{call} }} }}"
    )


def blamed(source: bytes, start: int, end: int, mutants: dict[int, Mutant]) -> int | None:
    """Which of these mutants an error between two offsets of a switched source is likeliest about."""
    function = source.find(b"\n    }\n", end)
    for part in (source[start:end], source[end:function]):
        there = [int(number) for number in MARK.findall(part)]
        # A literal that is now of a type, and a statement that is now conditional, are what compilers refuse.
        for operators in (
            ("number", "deletion", "assembly"),
            ("condition", "operator", "assignment", "negation"),
        ):
            for number in there:
                if number in mutants and mutants[number].operator in operators:
                    return number
    return None
