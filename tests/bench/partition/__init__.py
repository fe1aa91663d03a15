"""Programmes over several bases: unit costs measured here, the load simulated on them, and the
simulation confronted with real writes on a small case. `python -m tests.bench.partition`."""
