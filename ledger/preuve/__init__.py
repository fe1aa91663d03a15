"""Proof: the canonical bytes of a fact, its journal line, and the Merkle tree over the lines."""
