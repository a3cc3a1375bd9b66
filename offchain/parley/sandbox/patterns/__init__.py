"""The six patterns of negotiation, each with its guardrail and its success metric, in one report."""
