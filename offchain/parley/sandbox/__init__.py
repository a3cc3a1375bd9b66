"""Simulated markets, tournaments, adversaries and policy replays."""
