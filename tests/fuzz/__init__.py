"""Fuzzing of every entry point that takes bytes: `python -m tests.fuzz`, described in docs."""
