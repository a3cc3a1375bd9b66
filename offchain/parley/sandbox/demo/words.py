"""Money and terms as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

UNIT = 10**6
CENT = 10**4


def usd(amount: int) -> str:
    """Base units of a token with six decimals, exactly: in cents, or with all decimals where cents fail."""
    return units(amount)[:-4] if amount % CENT == 0 else units(amount)


def units(amount: int) -> str:
    """Base units of a token with six decimals, every decimal shown."""
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{thousands(amount // UNIT)}.{amount % UNIT:06d}"


def thousands(number: int) -> str:
    """An integer in groups of three digits."""
    return f"{number:,}".replace(",", " ")


def score(ppm: int) -> str:
    """A reputation score of 0 to 1 000 000 as a number from 0 to 1."""
    return f"{ppm / 1_000_000:.4f}"


def price_of(values: Mapping[str, Any]) -> int:
    """Base units that terms of the lease cost."""
    return int(values["usd_per_gpu_hour"]) * int(values["gpu_hours"])


def hourly(values: Mapping[str, Any]) -> str:
    """The hours, the GPU and the price an hour of an offer."""
    return f"{values['gpu_hours']} h {values['gpu']} at {usd(int(values['usd_per_gpu_hour']))}"


def brief(values: Mapping[str, Any]) -> str:
    """The same for a narrow column."""
    return f"{values['gpu_hours']} h {values['gpu']} {usd(int(values['usd_per_gpu_hour']))}"


def conditions(values: Mapping[str, Any]) -> str:
    """What else an offer says."""
    payment = str(values["payment"]).replace("_", " ")
    return f"day {values['start_day']}, {values['support']}, {payment}"


def print_whole(console: Console, line: str) -> None:
    """One line of data as it is: never markup, never folded or cut, so that it can be copied."""
    console.print(Text(line), soft_wrap=True)
