"""Traces, metrics and logs: what operators are told, without secrets and without anybody's profile."""
