"""What all foreign formats come down to before documents are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Numbers:
    """Evenly spaced numbers: `low`, and `count - 1` steps above it."""

    low: Fraction
    step: Fraction
    count: int

    @property
    def high(self) -> Fraction:
        return self.low + self.step * (self.count - 1)

    def at(self, place: int) -> Fraction:
        return self.low + self.step * place


@dataclass(frozen=True, slots=True)
class SourceIssue:
    """An issue by its own name: texts, or numbers."""

    name: str
    values: tuple[str, ...] | Numbers


@dataclass(frozen=True, slots=True)
class Levels:
    """Worth of single values by their names."""

    of: Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class Line:
    """Worth of numbers: slope · value + bias."""

    slope: Fraction
    bias: Fraction


Worth = Levels | Line


@dataclass(frozen=True, slots=True)
class SourceProfile:
    """A linear-additive utility: sum of weight · worth, plus `bias`.

    `reservation` is a number, values by issue (some may be missing: they count nothing), or None where
    anything is better than no agreement. `discount` is what is left of a utility at the end. With `unit`
    the format promises that weights sum to 1 and worths lie between 0 and 1.
    """

    name: str
    weights: Mapping[str, Fraction]
    worths: Mapping[str, Worth]
    bias: Fraction = Fraction(0)
    reservation: Fraction | Mapping[str, str] | None = None
    discount: Fraction | None = None
    unit: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceDomain:
    """Name, issues in order, and the format that they came in."""

    name: str
    issues: tuple[SourceIssue, ...]
    format: str
    notes: tuple[str, ...] = ()
