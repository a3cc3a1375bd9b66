"""Append-only event store, idempotency, outbox and read models."""
