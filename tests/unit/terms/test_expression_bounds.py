"""Bounds of expressions are never narrower than the truth."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parley.terms.errors import EvaluationFailed
from parley.terms.expression_bounds import bounds
from parley.terms.expressions import evaluate

NUMBERS = {"a": range(4), "b": range(2, 5)}
TEXTS = ("x", "y", "z")


def expressions() -> st.SearchStrategy[Any]:
    leaf = st.one_of(
        st.integers(0, 5),
        st.integers(0, 5).map(str),
        st.sampled_from(["a", "b"]).map(lambda name: {"issue": name}),
        st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 4)).map(
            lambda eq: {"eq": [{"issue": eq[0]}, eq[1]]}
        ),
        st.sampled_from(TEXTS).map(lambda text: {"eq": [{"issue": "c"}, text]}),
    )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(
                lambda operator, parts: {operator: parts},
                st.sampled_from(["add", "sub", "mul", "max", "min"]),
                st.lists(inner, min_size=1, max_size=3),
            ),
            st.builds(
                lambda operator, first, second: {operator: [first, second]},
                st.sampled_from(["floor_div", "ceil_div", "bps"]),
                inner,
                inner,
            ),
            st.tuples(inner, inner, inner).map(
                lambda of: {"case": "c", "of": dict(zip(TEXTS, of, strict=True))}
            ),
        ),
        max_leaves=6,
    )


@given(
    expression=expressions(),
    a=st.lists(st.sampled_from(NUMBERS["a"]), min_size=1),
    b=st.lists(st.sampled_from(NUMBERS["b"]), min_size=1),
    c=st.sets(st.sampled_from(TEXTS), min_size=1),
)
def test_every_result_lies_between_the_bounds(
    expression: Any, a: list[int], b: list[int], c: set[str]
) -> None:
    found = bounds(expression, {"a": (min(a), max(a)), "b": (min(b), max(b)), "c": frozenset(c)})
    if found is None:
        return
    low, high = found
    for values in product(a, b, c):
        try:
            result = evaluate(expression, dict(zip("abc", values, strict=True)), {})
        except EvaluationFailed:
            continue
        assert low <= result <= high


@given(
    expression=expressions(),
    a=st.sampled_from(NUMBERS["a"]),
    b=st.sampled_from(NUMBERS["b"]),
    c=st.sampled_from(TEXTS),
)
def test_of_a_single_outcome_the_bounds_are_the_result(expression: Any, a: int, b: int, c: str) -> None:
    found = bounds(expression, {"a": (a, a), "b": (b, b), "c": frozenset({c})})
    if found is not None:
        result = evaluate(expression, {"a": a, "b": b, "c": c}, {})
        assert found == (result, result)
