"""One module per contract, the sender, the indexer and the node client."""
