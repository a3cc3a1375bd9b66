"""Client SDK and reference agents; they reach a gateway by HTTP, or a peer directly."""
