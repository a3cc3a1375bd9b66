"""Events pushed to agents: signed, retried, in order, at least once (Standard Webhooks)."""
