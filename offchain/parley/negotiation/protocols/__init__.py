"""The three protocols behind one machine: alternating offers, sealed bids, coalitions by a mediator."""
