"""Domains and profiles of other programs, in and out: GeniusWeb (JSON), NegMAS (YAML, JSON), Genius (XML)."""

from parley.interop.build import Imported
from parley.interop.export import to_geniusweb, to_negmas_domain, to_negmas_profile
from parley.interop.load import load, read, read_match

__all__ = [
    "Imported",
    "load",
    "read",
    "read_match",
    "to_geniusweb",
    "to_negmas_domain",
    "to_negmas_profile",
]
