"""One negotiation between strategies, and tournaments of many: in memory, seeded, judged by what was
possible.
"""
