"""Pictures of matches, tournaments and markets; they need the extra `plots`, which is imported only here."""
