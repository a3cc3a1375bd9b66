"""Scores folded from chain events."""
