"""Base of the models that are hashed as EIP-712 structs."""

from __future__ import annotations

from typing import Any, ClassVar

from parley.terms import schema
from parley.terms.documents import Document
from parley.terms.eip712 import StructType, domain_separator, typed_data, typed_digest
from parley.terms.values import Address, Hash32


class EscrowStruct(Document):
    """A document whose EIP-712 struct is signed under the escrow's domain, or that of another contract."""

    struct: ClassVar[StructType]
    domain_name: ClassVar[str] = schema.ESCROW_NAME

    def struct_hash(self) -> Hash32:
        """EIP-712 `hashStruct`."""
        return Hash32.of(self.struct.hash_object(self))

    def digest(self, chain_id: int, escrow: Address) -> bytes:
        """The 32 bytes to sign for this chain and contract."""
        separator = domain_separator(self.domain_name, schema.DOMAIN_VERSION, chain_id, escrow)
        return typed_digest(separator, self.struct.hash_object(self))

    def typed_data(self, chain_id: int, escrow: Address) -> dict[str, Any]:
        """The `eth_signTypedData_v4` form, for wallets."""
        return typed_data(
            self.struct,
            self.struct.values_of(self),
            name=self.domain_name,
            chain_id=chain_id,
            verifying_contract=escrow,
        )
