"""Golden vectors of format v1: frozen journal lines, roots, proofs, notes.

Another reader, in any language, is right when it reads these files and finds the same roots. They
never change; `docs/format-v1.md` says what each holds.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

_DONNEES = files("ledger.testing") / "donnees"


def lignes_v1() -> list[bytes]:
    """The frozen journal: one canonical line per event, without line feeds."""
    return (_DONNEES / "faits-v1.jsonl").read_bytes().splitlines()


def lignes_v1_suite() -> list[bytes]:
    """One line of each type born after the frozen journal; they chain to nothing."""
    return (_DONNEES / "faits-v1-suite.jsonl").read_bytes().splitlines()


def lignes_v1_correlation() -> list[bytes]:
    """One line of each type with the optional member `correlation`; they chain to nothing."""
    return (_DONNEES / "faits-v1-correlation.jsonl").read_bytes().splitlines()


def lignes_v1_provenance() -> list[bytes]:
    """One line of each type with the optional member `provenance`; they chain to nothing."""
    return (_DONNEES / "faits-v1-provenance.jsonl").read_bytes().splitlines()


def preuves_v1() -> dict[str, Any]:
    """Leaves and roots (hex) at every size of the frozen journal, proofs, a note, its key."""
    lues: dict[str, Any] = json.loads((_DONNEES / "preuves-v1.json").read_bytes())
    return lues
