"""Faults: what happens to the journal when the disk, the process, the clock or people fail it.

`python -m tests.fautes` (or `make faults`) runs the campaigns of `table.CAMPAGNES` at full size;
the tests of this folder run each of them short. What was seen: `docs/fautes.md`.
"""
