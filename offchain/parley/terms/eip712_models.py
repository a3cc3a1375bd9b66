"""Base of the models that are hashed as EIP-712 structs."""

from __future__ import annotations

from typing import Any, ClassVar

from parley.terms import schema
from parley.terms.documents import Document
from parley.terms.eip712 import StructType, escrow_domain, typed_data, typed_digest
from parley.terms.values import Address, Hash32


class EscrowStruct(Document):
    """A document whose EIP-712 struct is signed under the escrow's domain."""

    struct: ClassVar[StructType]

    def struct_hash(self) -> Hash32:
        """EIP-712 `hashStruct`."""
        return Hash32.of(self.struct.hash_object(self))

    def digest(self, chain_id: int, escrow: Address) -> bytes:
        """The 32 bytes to sign for this chain and contract."""
        return typed_digest(escrow_domain(chain_id, escrow), self.struct.hash_object(self))

    def typed_data(self, chain_id: int, escrow: Address) -> dict[str, Any]:
        """The `eth_signTypedData_v4` form, for wallets."""
        return typed_data(
            self.struct,
            self.struct.values_of(self),
            name=schema.ESCROW_NAME,
            chain_id=chain_id,
            verifying_contract=escrow,
        )
