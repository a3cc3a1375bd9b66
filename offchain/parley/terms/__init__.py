"""Frozen models of domain, offer, terms and deal; canonical bytes; EIP-712 hashing."""
