"""scripts/mutate: what is changed, how mutants share a build, and what the report counts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "mutation"))

from campaign import either, killer
from operators import Change, Mutant, changes
from report import Campaign, fingerprint, page, rate, stale
from schemata import SWITCH, blamed, switched

SOURCE = b"""if (a < b) c = 1;
assembly ("memory-safe") { d := add(e, 5) }
"""


def node(type_: str, text: str, **more: Any) -> dict[str, Any]:
    return {"nodeType": type_, "src": f"{SOURCE.index(text.encode())}:{len(text)}:0", **more}


def tree() -> dict[str, Any]:
    less = node("BinaryOperation", "a < b", operator="<")
    less |= {"leftExpression": node("Identifier", "a"), "rightExpression": node("Identifier", "b)")}
    assign = node("Assignment", "c = 1", operator="=", rightHandSide=node("Literal", "1", kind="number"))
    body = node("ExpressionStatement", "c = 1", expression=assign)
    call = {"nodeType": "YulFunctionCall", "functionName": node("YulIdentifier", "add", name="add")}
    call["arguments"] = [node("YulLiteral", "5")]
    return node("IfStatement", "if (a < b) c = 1;", condition=less, trueBody=body, other=call)


def mutants() -> dict[int, Mutant]:
    found = [*changes(tree(), SOURCE)]
    return {
        number: Mutant(
            **vars(it),
            file="A.sol",
            line=1,
            old=SOURCE[it.offset :][: it.length].decode(),
            key=f"key{number}",
        )
        for number, it in enumerate(found, 1)
    }


def test_change_every_place() -> None:
    assert sorted((m.operator, m.old, m.new) for m in mutants().values()) == [
        ("assembly", "5", "6"),
        ("assembly", "add", "sub"),
        ("condition", "a < b", "false"),
        ("condition", "a < b", "true"),
        ("deletion", "c = 1;", ";"),
        ("number", "1", "2"),
        ("operator", "<", "<="),
    ]


def test_leave_a_loop_its_step() -> None:
    step = node("ExpressionStatement", "c = 1", expression=node("Identifier", "c"))
    assert not [*changes(node("ForStatement", "c = 1;", loopExpression=step), SOURCE)]


def test_put_every_mutant_behind_the_switch() -> None:
    numbered = mutants()
    number = {(m.operator, m.new): n for n, m in numbered.items()}
    build = switched(SOURCE, numbered.items()).decode()
    assert f"(mutant({number['operator', '<=']}) ? a <= b : " in build
    assert f"(mutant({number['condition', 'false']}) ? false : " in build
    deleted, one = number["deletion", ";"], number["number", "2"]
    assert f"{{ if (!mutant({deleted})) {{ c = (mutant({one}) ? 2 : 1); }} }}" in build
    call, five = number["assembly", "sub"], number["assembly", "6"]
    assert f"d := mutant_{call}(e, mutant_{five}())" in build
    assert f"if eq(0x{SWITCH}, {five}) {{ mutantR := 6 }}" in build
    assert build.count("function mutant(") == 1


def test_find_the_mutant_that_the_compiler_refuses() -> None:
    numbered = mutants()
    build = switched(SOURCE, numbered.items())
    at = build.index(b"c = ")
    [literal] = [number for number, mutant in numbered.items() if mutant.operator == "number"]
    assert blamed(build, at, at + 20, numbered) == literal
    assert blamed(b"nothing", 0, 3, numbered) is None


def test_read_who_killed_it() -> None:
    output = "Ran 3 tests for test/a/B.t.sol:BTest\n[FAIL: assertion failed] test_c() (gas: 1)\n"
    assert killer(output) == "test/a/B.t.sol:BTest test_c"
    with pytest.raises(SystemExit, match="no test did"):
        killer("the compiler is gone")
    assert either(["A", "B"]) == r"^(A|B)\b"


def test_count_and_list() -> None:
    change = Change("operator", 0, 1, "-", (0, 1), "expression")
    all_ = [Mutant(**vars(change), file="src/A.sol", line=n, old="+", key=f"k{n}") for n in range(10)]
    verdicts = ["killed"] * 6 + ["equivalent", "survived", "survived", "invalid"]
    known = {f"k{n}": {"verdict": verdict} for n, verdict in enumerate(verdicts)}
    text = page(
        Campaign("c0ffee", "0" * 64, 1, 10),
        all_,
        known,
        {"k7": "Only gas."},
        {"k8": "One value of gas."},
        "A note.",
    )
    assert "| **raw kill rate** | 66.6 %" in text
    assert "A note." in text
    assert "| **adjusted kill rate** | 85.7 %" in text
    assert "`src/A.sol:7` (k7), operator, `+` to `-`: Only gas." in text
    assert "(k8), operator, `+` to `-`: not killed. One value of gas." in text


def test_give_a_sample_its_interval() -> None:
    assert rate(90, 100, 100) == "90.0 %"
    assert rate(90, 100, 1000) == "90.0 % (95 % interval 82.6 to 94.5 %)"


def test_say_when_the_page_is_about_other_sources(tmp_path: Path) -> None:
    (tmp_path / "A.sol").write_text("contract A {}")
    print_ = fingerprint(tmp_path, ["A.sol"])
    where = tmp_path / "mutation.md"
    assert stale(where, print_)
    where.write_text(f"| sources | `{print_}` |")
    assert not stale(where, print_)
    (tmp_path / "A.sol").write_text("contract A { }")
    assert stale(where, fingerprint(tmp_path, ["A.sol"]))
