"""Typed, versioned sources of catalogue, inventory, price and other data, with provenance and age."""
