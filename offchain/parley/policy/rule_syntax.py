"""Reads the part of CEL that the solver can translate into a tree; everything else it declines.

Grammar after the CEL specification (https://github.com/google/cel-spec): conditional, logic, relations,
arithmetic on integers, plain string literals, lists, member and index selection. Calls, macros, maps,
unsigned, floating and escaped literals are declined: such a rule is checked on candidates instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


class NotTranslated(Exception):
    """This expression, or this use of it, is outside the translated part."""


@dataclass(frozen=True, slots=True)
class Literal:
    """An integer, a text, or a truth value."""

    value: int | str | bool


@dataclass(frozen=True, slots=True)
class Fact:
    """A dotted name, such as `values.price`; an index with a text literal reads as a member."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator with its operands: `?:`, `||`, `&&`, `!`, `neg`, a relation, `in`, or arithmetic."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of constants."""

    items: tuple[Node, ...]


Node = Literal | Fact | Apply | Listed

_TOKEN: Final = re.compile(
    r"""(?:
    (?P<number>\d+(?![\w.]))
    |(?P<text>"[^"\\\n]*"|'[^'\\\n]*')
    |(?P<name>[A-Za-z_]\w*)
    |(?P<sign>\|\||&&|==|!=|<=|>=|[-<>!+*/%?:.,()\[\]])
    )""",
    re.VERBOSE | re.ASCII,
)
_BLANK: Final = re.compile(r"\s*(?://[^\n]*(?:\n|$)\s*)*", re.ASCII)
_RELATIONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})
MAX_DEPTH: Final = 32
MAX_CHAINED: Final = 100
"""Relations and arithmetic operators in one rule."""
_RESERVED: Final = frozenset({"null", "as", "break", "const", "continue", "else", "for", "function", "if"})


def parse(expression: str) -> Node:
    """The tree of an expression. Raises `NotTranslated`."""
    parser = _Parser(_tokens(expression))
    node = parser.conditional(0)
    parser.end()
    return node


def _tokens(expression: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = _past_blank(expression, 0)
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            raise NotTranslated("a token")
        kind = match.lastgroup or ""
        found.append((kind, match[kind]))
        at = _past_blank(expression, match.end())
    return found


def _past_blank(expression: str, at: int) -> int:
    """Where white space and comments end."""
    blank = _BLANK.match(expression, at)
    return at if blank is None else blank.end()


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._chained = 0

    def end(self) -> None:
        if self._at != len(self._tokens):
            raise NotTranslated("what follows")

    def conditional(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise NotTranslated("depth")
        condition = self._either(depth)
        if not self._takes("?"):
            return condition
        first = self._either(depth + 1)
        self._expect(":")
        return Apply("?:", (condition, first, self.conditional(depth + 1)))

    def _either(self, depth: int) -> Node:
        found = [self._both(depth)]
        while self._takes("||"):
            found.append(self._both(depth))
        return found[0] if len(found) == 1 else Apply("||", tuple(found))

    def _both(self, depth: int) -> Node:
        found = [self._relation(depth)]
        while self._takes("&&"):
            found.append(self._relation(depth))
        return found[0] if len(found) == 1 else Apply("&&", tuple(found))

    def _relation(self, depth: int) -> Node:
        found = self._sum(depth)
        while (sign := self._peek()[1]) in _RELATIONS and self._peek()[0] != "text":
            self._step()
            found = Apply(sign, (found, self._sum(depth)))
        return found

    def _sum(self, depth: int) -> Node:
        found = self._product(depth)
        while (sign := self._peek()) in (("sign", "+"), ("sign", "-")):
            self._step()
            found = Apply(sign[1], (found, self._product(depth)))
        return found

    def _product(self, depth: int) -> Node:
        found = self._unary(depth)
        while (sign := self._peek()) in (("sign", "*"), ("sign", "/"), ("sign", "%")):
            self._step()
            found = Apply(sign[1], (found, self._unary(depth)))
        return found

    def _unary(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise NotTranslated("depth")
        if self._takes("!"):
            return Apply("!", (self._unary(depth + 1),))
        if self._takes("-"):
            return Apply("neg", (self._unary(depth + 1),))
        return self._member(depth)

    def _member(self, depth: int) -> Node:
        found = self._primary(depth)
        while True:
            if self._takes("."):
                kind, name = self._next()
                if kind != "name" or not isinstance(found, Fact):
                    raise NotTranslated("a member")
                found = Fact(f"{found.name}.{name}")
            elif self._takes("["):
                kind, text = self._next()
                self._expect("]")
                if kind != "text" or not isinstance(found, Fact):
                    raise NotTranslated("an index")
                found = Fact(f"{found.name}.{text[1:-1]}")
            elif self._peek() == ("sign", "("):
                raise NotTranslated("a call")
            else:
                return found

    def _primary(self, depth: int) -> Node:
        kind, text = self._next()
        if kind == "number":
            return Literal(int(text))
        if kind == "text":
            return Literal(text[1:-1])
        if kind == "name":
            if text in _RESERVED or text == "in":
                raise NotTranslated("a reserved word")
            return Literal(text == "true") if text in ("true", "false") else Fact(text)
        if text == "(":
            inner = self.conditional(depth + 1)
            self._expect(")")
            return inner
        if text == "[":
            items: list[Node] = []
            while not self._takes("]"):
                items.append(self.conditional(depth + 1))
                if self._peek() != ("sign", "]"):
                    self._expect(",")
            return Listed(tuple(items))
        raise NotTranslated("a primary expression")

    def _step(self) -> None:
        """Over an operator of a chain, which nests to the left."""
        self._at += 1
        self._chained += 1
        if self._chained > MAX_CHAINED:
            raise NotTranslated("length")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")

    def _next(self) -> tuple[str, str]:
        found = self._peek()
        if not found[0]:
            raise NotTranslated("the end")
        self._at += 1
        return found

    def _takes(self, sign: str) -> bool:
        if self._peek() == ("sign", sign):
            self._at += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise NotTranslated(sign)
