"""People who sign in by OpenID Connect: they watch and govern, and nothing of theirs moves money."""
