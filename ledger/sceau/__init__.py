"""Checkpoints outside the base: signing keys, published folders, witnesses read back, the guard."""
