"""Test kit of the figures: as plain JSON, and the invariants that they hold.

Needs the extra `testing`; nothing in the engine imports it.
"""
