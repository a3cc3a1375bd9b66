"""Bridges to other agent and payment protocols."""
