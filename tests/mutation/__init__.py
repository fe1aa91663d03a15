"""Mutation testing of the core: `python -m tests.mutation` (see docs/mutation.md)."""
