"""The French words of the codes that people read in tables, in the terminal as in a report."""

from __future__ import annotations

from ledger.registre import TYPES

ETATS = {
    "deposee": "déposée",
    "rejetee": "rejetée",
    "retiree": "retirée",
    "labellisee": "labellisée",
    "label_retire": "label retiré",
}
STATUTS = {
    "annulee": "annulée",
    "soldee": "soldée",
    "en_retard": "en retard",
    "partielle": "partielle",
    "exigible": "exigible",
    "a_venir": "à venir",
}
ROLES = {"controleur": "contrôleur", "systeme": "système"}
"""The roles that need an accent."""
TERRITOIRES = {"qpv": "QPV", "hors_qpv": "hors QPV", "inconnu": "inconnu"}

AE_RENDUES = "AE rendues par retraits antérieurs"
"""Among what adds up to the AE available: what rules that say so give back of such withdrawals."""
RETRAITS_POUR_MEMOIRE = "Retraits d'exercices antérieurs (pour mémoire)"
"""Beside the AE, and not among what adds up: such a withdrawal gives AE back only under rules that
say so."""


def libelle_du_type(topic: str) -> str:
    """The French name of a type of fact: `tranche-versee` -> `Tranche versée`."""
    classe = TYPES.get(topic)
    if classe is None:
        return topic
    mots = "".join(f" {c.lower()}" if c.isupper() else c for c in classe.__name__).strip()
    return mots[:1].upper() + mots[1:]
