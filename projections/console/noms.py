"""What a figure is called on a page."""

from __future__ import annotations

from ..noms import mots, nom_du_chiffre
from .regard import Regard


def nom_francais(nom: str, regard: Regard | None = None) -> str:
    """What a cell is called in a page: `Crédits, 2020, CP payés`; a structure by its name."""
    table, *suite = nom.split(".")
    dits = [*mots(table, suite)]
    if table == "registre":
        return {
            "nombre": "Structures retenues",
            "montant": "Subventions des structures retenues",
            "paye": "Payé aux structures retenues",
        }[suite[0]]
    if table == "calcul":
        phrase = ", ".join(dits)
        return phrase[0].upper() + phrase[1:]
    if table in ("structures", "echeancier"):
        fiche = None if regard is None else regard.vue.situation.fiches.get(suite[0])
        return ", ".join([fiche.porteur or suite[0] if fiche else suite[0], *dits[1:]])
    return nom_du_chiffre(nom)
