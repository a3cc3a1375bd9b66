"""Says, without running anything, whether a test id names a test that exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

_SOLIDITY_TEST = re.compile(r"^\s*function\s+((?:test|invariant|check|table)\w*)\s*\(", re.MULTILINE)


def is_forge(test: str) -> bool:
    return test.partition("::")[0].endswith(".sol")


def missing_test(root: Path, test: str) -> str | None:
    """None when the test exists, else what is wrong with its id."""
    file, separator, name = test.partition("::")
    if not separator or not name:
        return f"{test}: not of the form path::name"
    path = root / file
    if not path.is_file():
        return f"{test}: there is no file {file}"
    found = _solidity_tests(path) if is_forge(test) else _python_tests(path)
    return None if name in found else f"{test}: {file} has no test {name}"


@cache
def _solidity_tests(path: Path) -> frozenset[str]:
    return frozenset(_SOLIDITY_TEST.findall(path.read_text(encoding="utf-8")))


@cache
def _python_tests(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found |= {node.name} if node.name.startswith("test") else set()
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            found |= {
                f"{node.name}::{item.name}"
                for item in node.body
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and item.name.startswith("test")
            }
        elif isinstance(node, ast.Assign) and _is_state_machine(node.value):
            found |= {f"{target.id}::runTest" for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(found)


def _is_state_machine(value: ast.expr) -> bool:
    """`TestX = Machine.TestCase`, the way Hypothesis exposes a stateful test."""
    return isinstance(value, ast.Attribute) and value.attr == "TestCase"
