"""What is signed under the domain of the evidence contract."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from parley.terms import schema
from parley.terms.actions import Action
from parley.terms.eip712 import StructType
from parley.terms.lists import Text
from parley.terms.values import Address, Count, Hash32, Uint40


class EvidenceSubmission(Action):
    """A party hands evidence on its deal to the arbiter: a link or a statement, and the hash of what is
    linked to (zero for none).
    """

    domain_name: ClassVar[str] = schema.EVIDENCE_NAME
    struct: ClassVar[StructType] = StructType(schema.EVIDENCE_SUBMISSION)
    schema_: Literal["parley/evidence-submission"] = Field(
        default="parley/evidence-submission", alias="schema"
    )
    deal_id: Hash32
    party: Address
    evidence: Text
    content_hash: Hash32
    valid_until: Uint40


class Anchor(Action):
    """The root of the anchorer's log with its size, which only ever grows."""

    domain_name: ClassVar[str] = schema.EVIDENCE_NAME
    struct: ClassVar[StructType] = StructType(schema.ANCHOR)
    schema_: Literal["parley/anchor"] = Field(default="parley/anchor", alias="schema")
    anchorer: Address
    size: Count
    root: Hash32
    valid_until: Uint40
