"""List prices of cloud GPUs: from the CSV to one cheapest listing for each provider and GPU."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files

from parley.scenarios.errors import OffersInvalid

CENT = 10_000
"""Base units of a cent of a six-decimal dollar token."""
_COUNTRIES = {
    "usa": ("US", "US"),
    "france": ("FR", "EU"),
    "poland": ("PL", "EU"),
    "canada": ("CA", "CA"),
    "india": ("IN", "IN"),
    "japan": ("JP", "JP"),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """A provider's list price of one GPU: base units an hour and GPU, rounded up to the cent.
    `jurisdiction` is the country's code, `region` the bloc (`EU`, `US`, or the country again).
    """

    provider: str
    gpu: str
    price: int
    location: str
    jurisdiction: str
    region: str


def shipped_offers() -> str:
    """The text of the table that ships with the package."""
    return (files("parley.scenarios") / "data" / "compute_lease" / "gpu-offers.csv").read_text(
        encoding="utf-8"
    )


def cheapest(text: str, gpus: Collection[str]) -> tuple[Listing, ...]:
    """The cheapest row of each provider for each of `gpus`, by provider and GPU; equal prices by region.

    Raises `OffersInvalid`.
    """
    found: dict[tuple[str, str], Listing] = {}
    for listing in _read(text):
        key = (listing.provider, listing.gpu)
        known = found.get(key)
        if listing.gpu in gpus and (
            known is None or (listing.price, listing.location) < (known.price, known.location)
        ):
            found[key] = listing
    return tuple(found[key] for key in sorted(found))


def _read(text: str) -> Iterable[Listing]:
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
        try:
            price = Fraction(row["usd_per_hour"]) / int(row["gpus"])
            cents = -(-price * 100 // 1)
            jurisdiction, region = _place(row["region"])
            listing = Listing(
                provider=row["provider"],
                gpu=row["gpu"],
                price=int(cents) * CENT,
                location=row["region"],
                jurisdiction=jurisdiction,
                region=region,
            )
        except (KeyError, ValueError, ZeroDivisionError, TypeError) as error:
            raise OffersInvalid("A row cannot be read", line=number, problem=str(error)[:200]) from None
        if listing.price <= 0:
            raise OffersInvalid("A price must be above 0", line=number, problem=row["usd_per_hour"])
        yield listing


def _place(location: str) -> tuple[str, str]:
    """Country code and bloc of a location such as `warsaw-poland-1`."""
    for part in location.split("-"):
        if part in _COUNTRIES:
            return _COUNTRIES[part]
    raise ValueError(f"unknown country in {location}")
