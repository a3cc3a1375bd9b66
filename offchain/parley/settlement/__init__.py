"""Joins store and chain: a signed deal in, a settled deal out."""
