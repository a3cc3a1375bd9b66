"""Before a negotiation: what agents list, and whom a request for quotes reaches."""
