"""The pure negotiation state machine, utilities, strategies and opponent models."""
