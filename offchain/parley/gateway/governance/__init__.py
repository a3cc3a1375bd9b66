"""What the operator decides: stops, policies in force, approvals, and the record of every decision."""
