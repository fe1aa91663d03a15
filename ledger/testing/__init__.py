"""Test kit of the floor: values, facts, clocks, the contract of a store, golden vectors.

Needs the extra `testing`; nothing in the engine imports it.
"""
