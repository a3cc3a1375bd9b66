"""Alternating offers as a pure state machine, and what agents bargain with: utility and strategies."""
