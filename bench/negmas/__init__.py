"""NegMAS as a peer to measure against: its own process, its own environment, never imported."""
