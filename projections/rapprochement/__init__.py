"""Reconciliation of the payments of the ledger with an extract of Chorus. Pure: values in, verdicts
out; whoever reads the file makes the lines.

    rapport = comparer_a_chorus(lignes, versements(faits))
"""

from .livre import versements
from .modele import (
    CONCORDANTS,
    PALIERS,
    VERDICTS,
    Demande,
    LigneChorus,
    Verdict,
    VersementAuLivre,
)
from .moteur import rapprocher

__all__ = [
    "CONCORDANTS",
    "PALIERS",
    "VERDICTS",
    "Demande",
    "LigneChorus",
    "Verdict",
    "VersementAuLivre",
    "rapprocher",
    "versements",
]
