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
class Mutant:
    """One change of one file: `length` bytes at `offset` become `new`."""

    file: str
    line: int
    offset: int
    length: int
    operator: str
    old: str
    new: str
    key: str

    def apply(self, source: bytes) -> bytes:
        return source[: self.offset] + self.new.encode() + source[self.offset + self.length :]


def mutants_of(contracts: Path, solc: Path, files: list[str]) -> list[Mutant]:
    """All mutants of these files (paths below `contracts`), in the order of the source."""
    trees = syntax_trees(contracts, solc, files)
    found: dict[str, Mutant] = {}
    for name in files:
        source = (contracts / name).read_bytes()
        for start, length, operator, new in changes(trees[name], source):
            old = source[start : start + length].decode()
            if old == new:
                continue
            # The line's text, not its number: a change elsewhere in the file leaves a result as it is.
            line = source.count(b"\n", 0, start) + 1
            text = source.splitlines()[line - 1].decode()
            same = sum(1 for other in found.values() if other.file == name and other.line == line)
            key = hashlib.sha256(f"{name}\0{text}\0{same}\0{operator}\0{old}\0{new}".encode()).hexdigest()[
                :12
            ]
            found.setdefault(key, Mutant(name, line, start, length, operator, old, new, key))
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


def changes(tree: Any, source: bytes) -> Iterator[tuple[int, int, str, str]]:
    for node in walk(tree):
        yield from change(node, source)


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for item in node:
            yield from walk(item)
    elif isinstance(node, dict):
        kind = node.get("nodeType")
        # What a constant is worth is data, held by vectors; imports and types are no behaviour.
        if kind in ("ImportDirective", "PragmaDirective", "ElementaryTypeName", "Mapping", "EventDefinition"):
            return
        if kind == "VariableDeclaration" and node.get("constant"):
            return
        if kind:
            yield node
        for key in sorted(node):
            yield from walk(node[key])


def place(node: dict[str, Any]) -> tuple[int, int]:
    start, length, _ = node["src"].split(":")
    return int(start), int(length)


def text(node: dict[str, Any], source: bytes) -> str:
    start, length = place(node)
    return source[start : start + length].decode()


def between(left: dict[str, Any], right: dict[str, Any], sign: str, source: bytes) -> tuple[int, int] | None:
    """Where the sign of an operation stands between its operands."""
    start, length = place(left)
    start += length
    found = source[start : place(right)[0]].find(sign.encode())
    return None if found < 0 else (start + found, len(sign))


def change(node: dict[str, Any], source: bytes) -> Iterator[tuple[int, int, str, str]]:
    kind = node["nodeType"]
    if kind.startswith("Yul"):
        yield from in_assembly(node, source)
    elif kind in ("BinaryOperation", "Assignment"):
        yield from at_sign(node, source)
    elif kind == "UnaryOperation" and node["operator"] == "!":
        yield *place(node), "negation", text(node["subExpression"], source)
    elif kind in ("IfStatement", "Conditional"):
        for value in ("true", "false"):
            yield *place(node["condition"]), "condition", value
    elif kind in ("ExpressionStatement", "EmitStatement"):
        yield place(node)[0], place(node)[1] + 1, "deletion", ";"
    elif kind == "Literal" and node.get("kind") == "number" and text(node, source).isdigit():
        yield *place(node), "number", str(int(text(node, source)) + 1)
    elif kind == "ModifierInvocation":
        yield *place(node), "modifier", ""


def at_sign(node: dict[str, Any], source: bytes) -> Iterator[tuple[int, int, str, str]]:
    sign = node["operator"]
    if node["nodeType"] == "BinaryOperation":
        table, operator, left, right = BINARY, "operator", "leftExpression", "rightExpression"
    else:
        table, operator, left, right = ASSIGNMENT, "assignment", "leftHandSide", "rightHandSide"
    if sign in table:
        at = between(node[left], node[right], sign, source)
        if at:
            yield *at, operator, table[sign]


def in_assembly(node: dict[str, Any], source: bytes) -> Iterator[tuple[int, int, str, str]]:
    if node["nodeType"] == "YulFunctionCall":
        name = node["functionName"]
        if name["name"] in YUL:
            yield *place(name), "assembly", YUL[name["name"]]
    elif node["nodeType"] == "YulLiteral" and text(node, source).isdigit():
        yield *place(node), "assembly", str(int(text(node, source)) + 1)
