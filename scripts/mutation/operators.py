"""Mutants of Solidity sources: the compiler's syntax tree says where, a fixed table says what."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BINARY = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==",
    "+": "-", "-": "+", "*": "/", "/": "*", "%": "*",
    "&&": "||", "||": "&&", "&": "|", "|": "&", "^": "&", "<<": ">>", ">>": "<<",
}  # fmt: skip
ASSIGNMENT = {"+=": "-=", "-=": "+=", "|=": "&=", "&=": "|="}
YUL = {
    "lt": "gt", "gt": "lt", "eq": "lt", "and": "or", "or": "and", "add": "sub", "sub": "add",
    "shl": "shr", "shr": "shl",
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """`length` bytes at `offset` become `new`, as a part of what is computed or done at `owner`."""

    operator: str
    offset: int
    length: int
    new: str
    #: Offset and length.
    owner: tuple[int, int]
    #: How it is switched on: as `expression`, `statement` or `assembly`, under a cast, or not (`none`).
    form: str


@dataclass(frozen=True)
class Mutant(Change):
    """A change of one file, and a name for it that outlives changes elsewhere in the file."""

    file: str
    line: int
    old: str
    key: str

    def apply(self, source: bytes) -> bytes:
        return source[: self.offset] + self.new.encode() + source[self.offset + self.length :]


def mutants_of(contracts: Path, solc: Path, files: list[str]) -> list[Mutant]:
    """All mutants of these files (paths below `contracts`), in the order of the source."""
    trees = syntax_trees(contracts, solc, files)
    found: dict[str, Mutant] = {}
    for name in files:
        source = (contracts / name).read_bytes()
        for it in changes(trees[name], source):
            start = it.offset
            old = source[start : start + it.length].decode()
            if old == it.new:
                continue
            # The line's text, not its number: a change elsewhere in the file leaves a result as it is.
            line = source.count(b"\n", 0, start) + 1
            text = source.splitlines()[line - 1].decode()
            same = sum(1 for other in found.values() if other.file == name and other.line == line)
            identity = f"{name}\0{text}\0{same}\0{it.operator}\0{old}\0{it.new}"
            key = hashlib.sha256(identity.encode()).hexdigest()[:12]
            found.setdefault(key, Mutant(**vars(it), file=name, line=line, old=old, key=key))
    return list(found.values())


def syntax_trees(contracts: Path, solc: Path, files: list[str]) -> dict[str, Any]:
    request = {
        "language": "Solidity",
        "sources": {name: {"urls": [name]} for name in files},
        "settings": {
            "stopAfter": "parsing",
            "remappings": ["@openzeppelin/contracts/=node_modules/@openzeppelin/contracts/",
                           "solady/=node_modules/solady/src/"],
            "outputSelection": {"*": {"": ["ast"]}},
        },
    }  # fmt: skip
    done = subprocess.run(
        [str(solc), "--standard-json", "--base-path", ".", "--allow-paths", "."],
        cwd=contracts,
        input=json.dumps(request).encode(),
        capture_output=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    failed = [error["formattedMessage"] for error in answer.get("errors", []) if error["severity"] == "error"]
    if failed:
        raise SystemExit("\n".join(failed))
    return {name: answer["sources"][name]["ast"] for name in files}


def changes(tree: Any, source: bytes) -> Iterator[Change]:
    for node, parent in walk(tree, {}):
        yield from change(node, parent, source)


def walk(node: Any, parent: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    if isinstance(node, list):
        for item in node:
            yield from walk(item, parent)
    elif isinstance(node, dict):
        kind = node.get("nodeType")
        # What a constant is worth is data, held by vectors; imports and types are no behaviour.
        if kind in ("ImportDirective", "PragmaDirective", "ElementaryTypeName", "Mapping", "EventDefinition"):
            return
        if kind == "VariableDeclaration" and node.get("constant"):
            return
        if kind:
            yield node, parent
        for key in sorted(node):
            yield from walk(node[key], node if kind else parent)


def place(node: dict[str, Any]) -> tuple[int, int]:
    start, length, _ = node["src"].split(":")
    return int(start), int(length)


def text(node: dict[str, Any], source: bytes) -> str:
    start, length = place(node)
    return source[start : start + length].decode()


def change(node: dict[str, Any], parent: dict[str, Any], source: bytes) -> Iterator[Change]:
    kind = node["nodeType"]
    at = place(node) if "src" in node else (0, 0)
    if kind.startswith("Yul"):
        yield from in_assembly(node, parent, source)
    elif kind in ("BinaryOperation", "Assignment"):
        yield from at_sign(node, source)
    elif kind == "UnaryOperation" and node["operator"] == "!":
        yield Change("negation", *at, text(node["subExpression"], source), at, "expression")
    elif kind in ("IfStatement", "Conditional"):
        condition = place(node["condition"])
        for value in ("true", "false"):
            yield Change("condition", *condition, value, condition, "expression")
    elif kind in ("ExpressionStatement", "EmitStatement") and parent["nodeType"] != "ForStatement":
        # Not a loop's step: a loop without it never ends, which says nothing about tests.
        whole = (at[0], at[1] + 1)
        yield Change("deletion", *whole, ";", whole, "statement")
    elif kind == "Literal" and node.get("kind") == "number" and text(node, source).isdigit():
        yield Change("number", *at, str(int(text(node, source)) + 1), at, cast(node, parent))
    elif kind == "ModifierInvocation":
        yield Change("modifier", *at, "", at, "none")


def cast(number: dict[str, Any], parent: dict[str, Any]) -> str:
    """What a literal is as a value of a type, where the type of the small number it is would not do."""
    if parent["nodeType"] == "FunctionCall":
        called = parent["expression"].get("typeName")
        name = called.get("name", "") if isinstance(called, dict) else ""
        if name == "address":
            return "uint160"
        if name.startswith("bytes") and name != "bytes":
            return f"uint{8 * int(name[5:])}"
    if parent.get("operator") in ("<<", "**") and parent["leftExpression"] is number:
        return "uint256"
    return "expression"


def at_sign(node: dict[str, Any], source: bytes) -> Iterator[Change]:
    """The sign of an operation, which stands between its operands."""
    sign = node["operator"]
    if node["nodeType"] == "BinaryOperation":
        table, operator, left, right = BINARY, "operator", "leftExpression", "rightExpression"
    else:
        table, operator, left, right = ASSIGNMENT, "assignment", "leftHandSide", "rightHandSide"
    if sign in table:
        begin = sum(place(node[left]))
        found = source[begin : place(node[right])[0]].find(sign.encode())
        if found >= 0:
            yield Change(operator, begin + found, len(sign), table[sign], place(node), "expression")


def in_assembly(node: dict[str, Any], parent: dict[str, Any], source: bytes) -> Iterator[Change]:
    if node["nodeType"] == "YulFunctionCall":
        name = node["functionName"]
        if name["name"] in YUL:
            yield Change("assembly", *place(name), YUL[name["name"]], place(name), "assembly")
    elif node["nodeType"] == "YulLiteral" and text(node, source).isdigit():
        new = str(int(text(node, source)) + 1)
        form = "none" if parent["nodeType"] == "YulCase" else "assembly"
        yield Change("assembly", *place(node), new, place(node), form)
