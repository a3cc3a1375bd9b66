"""Parley: agents negotiate off-chain, sign the final terms once, and settle through escrow."""

__version__ = "0.1.0"
