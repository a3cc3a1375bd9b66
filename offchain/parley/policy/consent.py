"""Consent as data: who lets data of a class be used for a purpose, by whom, and until when. Pure.

A consent is a document that its subject signs as a `Statement`. It is revoked by name, at any moment, and a
record that was revoked or has expired never counts again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from pydantic import Field, model_validator

from parley.policy.errors import ConsentInvalid
from parley.policy.retention import DataClass
from parley.terms.documents import Document
from parley.terms.lists import ShortText
from parley.terms.statement import SignedStatement
from parley.terms.values import Address, Count, Hash32

Purpose = Literal["negotiation", "analysis"]
"""`negotiation`: sharing with the other parties; `analysis`: replaying recorded decisions for reports."""


class Consent(Document):
    """`grant`: the `subject` lets data of `data_class` that it sends be used for `purpose` until `expires_at`
    (unix seconds, inclusive), by the account `to` or, where nobody is named, by every party it deals with.
    `revoke`: the grant with the hash `revokes` ends at once.
    """

    schema_: Literal["parley/consent"] = Field(default="parley/consent", alias="schema")
    action: Literal["grant", "revoke"]
    subject: Address
    data_class: DataClass | None = None
    purpose: Purpose | None = None
    to: Address | None = None
    expires_at: Count | None = None
    revokes: Hash32 | None = None
    reason: ShortText
    issued_at: Count

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        granted = (self.data_class, self.purpose, self.expires_at)
        if self.action == "grant" and (None in granted or self.revokes is not None):
            raise ValueError("a grant names class, purpose and expiry, and revokes nothing")
        if self.action == "revoke" and (granted != (None, None, None) or self.to or self.revokes is None):
            raise ValueError("a revocation names the grant that it ends, and nothing else")
        return self


class SignedConsent(SignedStatement):
    """A consent with its subject's own statement, as it is kept and exported."""

    consent: Consent

    def check(self, chain_id: int) -> None:
        """Raises `ConsentInvalid` unless the subject itself signed it, and the errors of the statement."""
        if self.core.author != self.consent.subject:
            raise ConsentInvalid(
                "A consent is signed by its own subject",
                subject=self.consent.subject,
                author=self.core.author,
            )
        self.verify(self.consent, chain_id)


@dataclass(frozen=True, slots=True)
class Consents:
    """Grants in force by subject and hash, and every hash that was ever taken."""

    grants: Mapping[str, Mapping[Hash32, Consent]] = field(default_factory=dict)
    taken: frozenset[Hash32] = frozenset()

    def after(self, consent: Consent) -> Consents:
        """With one more record. Raises `ConsentInvalid` for one that was taken before, and for the revocation
        of what is not granted.
        """
        found = consent.hash()
        if found in self.taken:
            raise ConsentInvalid("This record was taken before", consent=found)
        mine = dict(self.grants.get(consent.subject, {}))
        if consent.revokes is None:
            mine[found] = consent
        elif mine.pop(consent.revokes, None) is None:
            raise ConsentInvalid("Nothing is granted by what it revokes", revokes=consent.revokes)
        return Consents({**self.grants, consent.subject: mine}, self.taken | {found})

    def covers(self, subject: str, data_class: DataClass, purpose: Purpose, to: str | None, now: int) -> bool:
        """Whether `subject` consents at `now`. For nobody in particular (`to` None) only a grant to everyone
        counts.
        """
        return any(
            grant.data_class == data_class
            and grant.purpose == purpose
            and grant.to in (None, to)
            and grant.issued_at <= now <= (grant.expires_at or 0)
            for grant in self.grants.get(subject, {}).values()
        )
