"""What a gateway may keep, and may use: erasure on schedule, consent."""
