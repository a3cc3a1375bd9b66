"""Documents that ship with the package."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from parley.negotiation.utility import Profile
from parley.policy.models import Bundle
from parley.terms.domain import Domain
from parley.terms.values import Address


def shipped(scenario: str, name: str) -> dict[str, Any]:
    """The JSON document `name` of a scenario, in its own copy."""
    text = (files("parley.scenarios") / "data" / scenario / name).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def shipped_domain(scenario: str, token: Address, name: str = "domain.json") -> Domain:
    """A shipped domain, all of its settlements in `token`."""
    document = shipped(scenario, name)
    for settlement in document["settlements"]:
        settlement["token"] = token
    return Domain.parse(document)


def shipped_profile(scenario: str, name: str, domain: Domain) -> Profile:
    """A shipped profile as one of `domain`."""
    return Profile.parse({**shipped(scenario, name), "domain": domain.hash()})


def shipped_bundle(scenario: str, name: str) -> Bundle:
    """A shipped bundle of rules."""
    return Bundle.parse(shipped(scenario, name))
