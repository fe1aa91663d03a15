"""The French words of the codes that people read in tables, in the terminal as in a report."""

from __future__ import annotations

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
TERRITOIRES = {"qpv": "QPV", "hors_qpv": "hors QPV", "inconnu": "inconnu"}
