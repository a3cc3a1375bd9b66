"""Names that fit Parley's documents, and the original ones beside them as labels.

An issue's name becomes lower-case ASCII with underscores, a value's text plain ASCII. Where that changes
something the original stands in the domain's fixed terms, under `label ISSUE` or `label ISSUE VALUE`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from parley.interop.errors import NamesMismatch, NotSupported

MAX_TEXT = 256


@dataclass(frozen=True, slots=True)
class Naming:
    """Names of issues and values by their originals, both ways round in order."""

    issues: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]

    def labels(self) -> dict[str, str]:
        """The originals that differ, as fixed terms."""
        found = {f"label {name}": original for original, name in self.issues.items() if original != name}
        for issue, values in self.values.items():
            found |= {
                f"label {self.issues[issue]} {text}": original
                for original, text in values.items()
                if original != text
            }
        return found


def named(issues: Mapping[str, Collection[str]]) -> Naming:
    """The names for these issues with their texts, distinct and in order."""
    names = _distinct((_slug(name) or f"issue_{at + 1}" for at, name in enumerate(issues)), "_")
    values = {
        issue: dict(zip(texts, _distinct((_ascii(text) for text in texts), " "), strict=True))
        for issue, texts in issues.items()
    }
    return Naming(dict(zip(issues, names, strict=True)), values)


def matched(wanted: Iterable[str], given: Iterable[str], issue: str) -> dict[str, str]:
    """For each wanted name the given one that means it: the same, or the only one that differs in nothing
    but case, white space or the way a number is written.

    Raises `NamesMismatch` when one is missing or left over.
    """
    wanted, given = list(wanted), dict.fromkeys(given)
    found = {name: name for name in wanted if name in given}
    loose: dict[str, list[str]] = {}
    for name in given:
        if name not in found:
            loose.setdefault(_loose(name), []).append(name)
    for name in wanted:
        if name not in found and len(candidates := loose.get(_loose(name), [])) == 1:
            found[name] = candidates.pop()
    used = set(found.values())
    missing = [name for name in wanted if name not in found]
    unknown = [name for name in given if name not in used]
    if missing or unknown:
        raise NamesMismatch(
            "The profile and the domain name different things",
            issue=issue[:80],
            missing=[name[:80] for name in missing[:8]],
            unknown=[name[:80] for name in unknown[:8]],
        )
    return found


def _loose(name: str) -> str:
    text = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    if re.fullmatch(r"[+-]?\d+\.0+", text, re.ASCII):
        return text.split(".")[0]
    return text


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:56]
    return text if not text or text[0].isalpha() else f"issue_{text}"


def _ascii(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise NotSupported(
            "A value's name is too long", feature=f"more than {MAX_TEXT} letters", at=text[:80]
        )
    if text.isascii():
        return text
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().strip() or "value"


def _distinct(names: Iterable[str], gap: str) -> list[str]:
    found: dict[str, None] = {}
    for name in names:
        chosen, number = name, 2
        while chosen in found:
            chosen, number = f"{name}{gap}{number}", number + 1
        found[chosen] = None
    return list(found)
