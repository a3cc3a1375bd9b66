"""Custom errors of the escrow's batches, linked deals and instant deals (IEscrow.sol)."""

from __future__ import annotations

from parley.chain.contract_error import ContractError


class BundleMismatch(
    ContractError,
    signature="BundleMismatch(uint256 index,bytes32 signed,bytes32 actual)",
    advice="Submit all deals of the bundle, and only those, in the order in which they were hashed.",
):
    """The deals submitted together are not the bundle that was signed."""


class BundleSize(
    ContractError,
    signature="BundleSize(uint256 count,uint256 maximum)",
    advice="Link two deals or more, and no more than the maximum shown.",
):
    """Too few or too many linked deals."""


class BatchSize(
    ContractError,
    signature="BatchSize(uint256 count,uint256 maximum)",
    advice="Submit at least one item and no more than the maximum shown.",
):
    """A batch with no items or with too many for one transaction."""


class BatchSelector(
    ContractError,
    signature="BatchSelector(bytes4 selector)",
    advice="Batch calls of open, settle or openAndSettle only.",
):
    """A batch of patches for a function that has no batch."""


class PatchMalformed(
    ContractError,
    signature="PatchMalformed(uint256 index)",
    advice="Make the patches with parley.chain.patches; nothing happened.",
):
    """Patches of a batch that write outside of the item shown, or end before or after the last item."""


class BatchGasShort(
    ContractError,
    signature="BatchGasShort(uint256 index,uint256 available,uint256 wanted)",
    advice="Nothing happened: send the batch again with a higher gas limit or with fewer items.",
    retryable=True,
):
    """The batch brought less gas than the item shown may need."""


class NotInstant(
    ContractError,
    signature="NotInstant(uint8 payout)",
    advice="Open it as a deal with a life of its own: only a payout with bit 2 settles at once.",
):
    """The deal is not an instant one."""


class InstantDealBound(
    ContractError,
    signature=("InstantDealBound(address arbiter,uint256 arbiterFee,uint256 sellerBond,uint256 milestones)"),
    advice="Sign it with one milestone, no arbiter, no arbiter's fee and no bond.",
):
    """An instant deal has parts that need a life after its opening."""


class InstantNonceUsed(
    ContractError,
    signature="InstantNonceUsed(address buyer,address seller,uint256 nonce)",
    advice="Look for the deal's events: it was done or cancelled. For another deal sign another nonce.",
):
    """The nonce of an instant deal was used, by this deal, another one or a cancellation."""
