"""Adversaries as agents, what each of them gains, and the guardrail that holds against it."""
