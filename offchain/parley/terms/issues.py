"""The negotiable issues of a domain and their values."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from parley.terms.documents import Part
from parley.terms.errors import IssueValuesInvalid, ValueMalformed
from parley.terms.lists import Many, Text
from parley.terms.values import Amount, Count, Name, parse_amount

IssueValue = int | str
"""Value of one issue in Python: `int` for amounts (base units) and integers, `str` for choices."""


class _Range(Part):
    def _check_range(self, low: int, high: int, step: int) -> None:
        if step == 0 or low > high or (high - low) % step:
            raise ValueError("min to max must be a whole number of steps, and step above 0")


class AmountIssue(_Range):
    """Token base units from `min` to `max` in steps; decimal strings in JSON."""

    name: Name
    type: Literal["amount"] = "amount"
    min: Amount
    max: Amount
    step: Amount

    @model_validator(mode="after")
    def _range(self) -> Self:
        self._check_range(self.min, self.max, self.step)
        return self

    @property
    def size(self) -> int:
        """Number of possible values."""
        return (self.max - self.min) // self.step + 1

    def value_at(self, index: int) -> int:
        """The value at a position of the range, counted from 0."""
        return self.min + index * self.step

    def check(self, value: IssueValue) -> None:
        """Raises `IssueValuesInvalid` unless the value is on the grid."""
        if type(value) is not int or not self.min <= value <= self.max or (value - self.min) % self.step:
            raise _off(self.name, value, f"from {self.min} to {self.max} in steps of {self.step}")

    def decode(self, value: Any) -> int:
        """The Python value of the JSON value."""
        try:
            amount = parse_amount(value)
        except ValueMalformed:
            raise _off(self.name, value, "an amount as a decimal string") from None
        self.check(amount)
        return amount

    def encode(self, value: IssueValue) -> str:
        """The JSON value of the Python value."""
        self.check(value)
        return str(value)


class IntegerIssue(_Range):
    """Counts, days, percent: JSON integers from `min` to `max` in steps."""

    name: Name
    type: Literal["integer"] = "integer"
    min: Count
    max: Count
    step: Count

    @model_validator(mode="after")
    def _range(self) -> Self:
        self._check_range(self.min, self.max, self.step)
        return self

    @property
    def size(self) -> int:
        """Number of possible values."""
        return (self.max - self.min) // self.step + 1

    def value_at(self, index: int) -> int:
        """The value at a position of the range, counted from 0."""
        return self.min + index * self.step

    def check(self, value: IssueValue) -> None:
        """Raises `IssueValuesInvalid` unless the value is on the grid."""
        if type(value) is not int or not self.min <= value <= self.max or (value - self.min) % self.step:
            raise _off(self.name, value, f"from {self.min} to {self.max} in steps of {self.step}")

    def decode(self, value: Any) -> int:
        """The Python value of the JSON value."""
        self.check(value)
        return int(value)

    def encode(self, value: IssueValue) -> int:
        """The JSON value of the Python value."""
        self.check(value)
        return int(value)


class ChoiceIssue(Part):
    """One of a list of distinct texts."""

    name: Name
    type: Literal["choice"] = "choice"
    values: Annotated[Many[Text], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.values)) != len(self.values):
            raise ValueError("the values of a choice must be distinct")
        return self

    @property
    def size(self) -> int:
        """Number of possible values."""
        return len(self.values)

    def value_at(self, index: int) -> str:
        """The value at a position of the list, counted from 0."""
        return self.values[index]

    def check(self, value: IssueValue) -> None:
        """Raises `IssueValuesInvalid` unless the value is one of the list."""
        if not isinstance(value, str) or value not in self.values:
            raise _off(self.name, value, "one of the listed texts")

    def decode(self, value: Any) -> str:
        """The Python value of the JSON value."""
        self.check(value)
        return str(value)

    def encode(self, value: IssueValue) -> str:
        """The JSON value of the Python value."""
        self.check(value)
        return str(value)


Issue = Annotated[AmountIssue | IntegerIssue | ChoiceIssue, Field(discriminator="type")]


def _off(name: str, value: object, wanted: str) -> IssueValuesInvalid:
    return IssueValuesInvalid(f"the value of {name} must be {wanted}", issue=name, value=str(value)[:80])
