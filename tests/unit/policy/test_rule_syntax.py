"""The part of CEL that is translated, read as CEL reads it; the rest is declined."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.policy.rule_syntax import Apply, Fact, Listed, Literal, Node, NotTranslated, parse


def shown(node: Node) -> Any:
    """A tree as nested lists."""
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Fact):
        return f"`{node.name}"
    if isinstance(node, Listed):
        return ("list", *map(shown, node.items))
    return (node.operator, *map(shown, node.operands))


@pytest.mark.parametrize(
    ("expression", "tree"),
    [
        ("1 + 2 * 3", ("+", 1, ("*", 2, 3))),
        ("8 - 4 - 2", ("-", ("-", 8, 4), 2)),
        ("a || b && c", ("||", "`a", ("&&", "`b", "`c"))),
        ("!a.b && -c < 2", ("&&", ("!", "`a.b"), ("<", ("neg", "`c"), 2))),
        ("a ? b : c ? d : e", ("?:", "`a", "`b", ("?:", "`c", "`d", "`e"))),
        ("x in [\"a\", 'b',]", ("in", "`x", ("list", "a", "b"))),
        ('values["unit price"] == true', ("==", "`values.unit price", True)),
        ("(a) // to the end\n == 'x' // and on", ("==", "`a", "x")),
        ("a == b == c", ("==", ("==", "`a", "`b"), "`c")),
    ],
)
def test_what_is_read(expression: str, tree: Any) -> None:
    assert shown(parse(expression)) == tree


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "1.5 > a",
        "1u == a",
        "0x10 == a",
        "size(a) > 1",
        "a.startsWith('b')",
        "a == 'it\\'s'",
        'a == """b"""',
        "a == r'b'",
        "[1, 2].all(x, x > 0)",
        "{'a': 1}.a",
        "a ==",
        "a b",
        "a ? b",
        "a[0]",
        "a[b]",
        "null == a",
        "a & b",
        "(" * 50 + "a" + ")" * 50,
        "!" * 50 + "a",
        "+".join("a" * 200),
        "é",
    ],
)
def test_what_is_declined(expression: str) -> None:
    with pytest.raises(NotTranslated):
        parse(expression)


@given(st.text("ab.1+-*/%<>=!&|?:()[]'\"in \n/é,", max_size=40))
def test_anything_is_read_or_declined(text: str) -> None:
    try:
        node = parse(text)
    except NotTranslated:
        return
    assert isinstance(node, Literal | Fact | Apply | Listed)
