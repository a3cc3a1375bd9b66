"""Transcripts, Merkle proofs, evidence bundles and their offline verification."""
