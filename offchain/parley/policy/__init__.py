"""Decisions with reasons: bundle, facts and offer in; rule ids and values out."""
