"""Thin HTTP routes over negotiation, settlement and the event store."""
