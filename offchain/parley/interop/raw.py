"""Untrusted files into plain trees: dicts, lists, texts and None. Numbers stay texts until asked for.

Bounds hold before anything is built: bytes, levels, entries, and for YAML what aliases would expand to.
Nothing is constructed but dicts, lists and texts, and no entity of XML is ever expanded.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn
from xml.parsers import expat

import yaml

from parley.interop.errors import FormatUnknown, SourceMalformed, SourceTooLarge, SourceUnreadable

MAX_BYTES: Final = 8 << 20
MAX_DEPTH: Final = 32
MAX_ENTRIES: Final = 400_000
MAX_KEY: Final = 512
"""Letters of a key that is no text, such as the outcomes of a table, which become texts."""

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(slots=True)
class Element:
    """An XML element: its name, attributes and children; texts between them are not kept."""

    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)

    def every(self, name: str) -> Iterator[Element]:
        """The children of this name."""
        return (child for child in self.children if child.name == name)


def read_tree(path: Path) -> Any:
    """The content of a JSON, YAML or XML file, told apart by the file's ending.

    Raises `SourceUnreadable`, `SourceTooLarge`, `SourceMalformed`, `FormatUnknown`.
    """
    readers = {".json": parse_json, ".yml": parse_yaml, ".yaml": parse_yaml, ".xml": parse_xml}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise FormatUnknown("Files are told apart by .json, .yml, .yaml and .xml", file=path.name)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceUnreadable(
            "The file cannot be read", file=path.name, problem=type(error).__name__
        ) from None
    return reader(raw, path.name)


def parse_json(raw: bytes, name: str = "") -> Any:
    """JSON with its numbers as texts; duplicate keys are refused."""
    _check_size(raw, name)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
            raise SourceMalformed("A key is written twice", file=name, at=twice[:80], problem="duplicate key")
        return found

    try:
        value = json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=unique,
            parse_float=str,
            parse_int=str,
            parse_constant=str,
        )
    except (ValueError, RecursionError) as error:
        raise SourceMalformed("Not JSON", file=name, at="", problem=str(error)[:200]) from None
    _check_tree(value, name)
    return _plain(value)


def parse_yaml(raw: bytes, name: str = "") -> Any:
    """One YAML document with all its scalars as texts, so that neither `yes` nor `1:30` turns into something
    else. Tags are ignored and nothing but dicts, lists and texts is built.
    """
    _check_size(raw, name)
    try:
        return _Builder(name).built(yaml.parse(raw, Loader=_LOADER))
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise SourceMalformed(
            "Not YAML", file=name, at="", problem=" ".join(str(error).split())[:200]
        ) from None


def parse_xml(raw: bytes, name: str = "") -> Element:
    """The root element of XML without a document type, hence without entities of its own."""
    _check_size(raw, name)
    root = Element("", {})
    stack = [root]
    entries = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal entries
        entries += 1 + len(attributes)
        _check_counts(entries, len(stack), name)
        element = Element(tag, attributes)
        stack[-1].children.append(element)
        stack.append(element)

    def end(tag: str) -> None:
        stack.pop()

    def refuse(*_: Any) -> NoReturn:
        raise SourceMalformed("A document type is not read", file=name, at="DOCTYPE", problem="entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise SourceMalformed("Not XML", file=name, at="", problem=str(error)[:200]) from None
    return root.children[0]


class _Builder:
    """Builds a tree out of YAML events. An aliased node counts with all that is in it each time."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._entries = 0
        self._anchors: dict[str, tuple[Any, int]] = {}

    def built(self, events: Iterator[yaml.Event]) -> Any:
        root: list[Any] = []
        open_nodes: list[_Open] = [_Open(root, None, 0)]
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
            elif isinstance(event, yaml.ScalarEvent):
                plain_null = not event.style and event.value in ("", "~", "null", "Null", "NULL")
                self._place(open_nodes[-1], None if plain_null else event.value, event.anchor, 1)
            elif isinstance(event, yaml.AliasEvent):
                if event.anchor not in self._anchors:
                    raise self._malformed("an alias of nothing, or of what it lies in", event)
                value, size = self._anchors[event.anchor]
                self._place(open_nodes[-1], value, None, size)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                content: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
                open_nodes.append(_Open(content, event.anchor, self._entries))
                _check_counts(self._entries, len(open_nodes), self._name)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                done = open_nodes.pop()
                size = self._entries - done.entries + 1
                self._entries -= size - 1
                self._place(open_nodes[-1], done.content, done.anchor, size)
        if documents != 1 or len(root) != 1:
            raise SourceMalformed(
                "One YAML document is read from a file", file=self._name, at="", problem="documents"
            )
        return root[0]

    def _place(self, into: _Open, value: Any, anchor: str | None, size: int) -> None:
        self._entries += size
        _check_counts(self._entries, 0, self._name)
        if anchor is not None:
            self._anchors[anchor] = value, size
        if isinstance(into.content, list):
            into.content.append(value)
        elif not into.has_key:
            into.key, into.has_key = self._key(value), True
        else:
            into.has_key = False
            if into.key in into.content:
                raise SourceMalformed(
                    "A key is written twice", file=self._name, at=into.key[:80], problem="duplicate key"
                )
            into.content[into.key] = value

    def _key(self, value: Any) -> str:
        if value is None:
            return "null"
        return value if isinstance(value, str) else json.dumps(value)[:MAX_KEY]

    def _malformed(self, problem: str, event: yaml.Event) -> SourceMalformed:
        line = event.start_mark.line + 1
        return SourceMalformed(
            "Not YAML that is read here", file=self._name, at=f"line {line}", problem=problem
        )


@dataclass(slots=True)
class _Open:
    content: Any
    anchor: str | None
    entries: int
    key: str = ""
    has_key: bool = False


def _plain(value: Any) -> Any:
    """JSON's true and false as the texts that YAML has for them."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _check_tree(value: Any, name: str) -> None:
    level, depth, entries = [value], 0, 0
    while level:
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
        entries += len(level)
        depth += 1
        _check_counts(entries, depth, name)
        level = deeper


def _check_size(raw: bytes, name: str) -> None:
    if len(raw) > MAX_BYTES:
        raise SourceTooLarge("The file is too large", file=name, what="bytes", limit=MAX_BYTES)


def _check_counts(entries: int, depth: int, name: str) -> None:
    if entries > MAX_ENTRIES:
        raise SourceTooLarge("The file holds too much", file=name, what="entries", limit=MAX_ENTRIES)
    if depth > MAX_DEPTH + 1:
        raise SourceTooLarge("The file nests too deep", file=name, what="levels", limit=MAX_DEPTH)
