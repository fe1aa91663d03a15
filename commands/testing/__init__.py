"""Test kit of the commands: strategies, histories, the reference model, a state machine.

Needs the extra `testing`; nothing in the engine imports it.
"""
