"""Throughput of the ledger, as ratios to raw SQLite and to the library's own aggregates.

Run `make bench`, or `python -m tests.bench --rapide` for a few seconds of smoke.
"""
