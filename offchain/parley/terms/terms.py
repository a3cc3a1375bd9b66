"""The terms document: what was agreed, and what the deal's `termsHash` covers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from parley.terms.documents import Document
from parley.terms.domain import Domain
from parley.terms.lists import Text
from parley.terms.payloads import Award, JsonValue, Offer
from parley.terms.protocols import RoleName
from parley.terms.values import Hash32, Name, Salt


class Terms(Document):
    """Fixed terms of the domain and the agreed values (JSON form), with the accepted offer's salt; `winner`
    is the role that a sealed-bid award names.
    """

    schema_: Literal["parley/terms"] = Field(default="parley/terms", alias="schema")
    negotiation: Hash32
    domain: Hash32
    fixed: Mapping[str, Text]
    values: Mapping[Name, JsonValue]
    winner: RoleName | None = None
    salt: Salt

    def as_json(self) -> dict[str, Any]:
        """The JSON form, field by field: the terms of every offer are hashed to be decided on."""
        document: dict[str, Any] = {
            "schema": self.schema_,
            "version": self.version,
            "negotiation": self.negotiation,
            "domain": self.domain,
            "fixed": dict(self.fixed),
            "values": dict(self.values),
            "salt": self.salt,
        }
        if self.winner is not None:
            document["winner"] = self.winner
        return document


def terms_of(domain: Domain, negotiation_id: Hash32, offer: Offer) -> Terms:
    """The terms that accepting `offer` makes. Raises `IssueValuesInvalid` if it does not suit the domain."""
    domain.decoded(offer.values)
    return Terms.unchecked(  # of two checked documents
        negotiation=negotiation_id,
        domain=domain.hash(),
        fixed=domain.fixed,
        values=offer.values,
        winner=offer.winner if isinstance(offer, Award) else None,
        salt=offer.salt,
    )
