"""The table of targets: every entry point that takes bytes."""

from __future__ import annotations

from tests.fuzz import entrees, fichiers, installation, journaux, preuves, tableaux, textes
from tests.fuzz.moteur import Cible

CIBLES: dict[str, Cible] = {
    cible.nom: cible
    for cible in (
        *textes.CIBLES,
        *preuves.CIBLES,
        *journaux.CIBLES,
        *fichiers.CIBLES,
        *tableaux.CIBLES,
        *entrees.CIBLES,
        *installation.CIBLES,
    )
}
