"""Naive reference model of the grants ledger, used as a test oracle."""
