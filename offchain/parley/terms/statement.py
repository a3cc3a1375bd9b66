"""A document signed by its author outside any negotiation: policy bundles, control orders, consents."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from parley.terms import schema
from parley.terms.documents import Document, Part
from parley.terms.eip712 import StructType, gateway_domain, typed_data, typed_digest
from parley.terms.errors import StatementMismatch
from parley.terms.signing import Signer, check_signature
from parley.terms.values import Address, ChainId, Count, Hash32, Signature


class Statement(Part):
    """`author` stands by the document with this hash since `signed_at` (unix seconds)."""

    struct: ClassVar[StructType] = StructType(schema.STATEMENT)

    author: Address
    document: Hash32
    signed_at: Count

    def digest(self, chain_id: ChainId) -> bytes:
        """The 32 bytes to sign, under the gateway domain."""
        return typed_digest(gateway_domain(chain_id), self.struct.hash_model(self))

    def typed_data(self, chain_id: int) -> dict[str, Any]:
        """The `eth_signTypedData_v4` form, for wallets."""
        return typed_data(
            self.struct, self.struct.values_of(self), name=schema.GATEWAY_NAME, chain_id=chain_id
        )


class SignedStatement(Part):
    """A statement with its author's signature; the document travels beside it."""

    core: Statement = Field(alias="statement")
    signature: Signature

    def verify(self, document: Document, chain_id: int) -> None:
        """Raises `StatementMismatch` for another document and `SignatureInvalid` for another signer."""
        if self.core.document != document.hash():
            raise StatementMismatch(
                "The statement is about another document",
                expected=document.hash(),
                actual=self.core.document,
            )
        check_signature(self.core.digest(chain_id), self.signature, self.core.author)


def state(signer: Signer, document: Document, chain_id: int, signed_at: int) -> SignedStatement:
    """Signs `document` as `signer`."""
    core = Statement(author=signer.address, document=document.hash(), signed_at=signed_at)
    return SignedStatement(statement=core, signature=signer.sign_digest(core.digest(chain_id)))
