"""Dated, sourced figures that belong to no programme: legal and audit thresholds.

The data is `donnees/seuils.json`; each value has the date from which it holds and its source.
"""

from __future__ import annotations

import json
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any


@cache
def _seuils() -> dict[str, list[tuple[date, dict[str, Any]]]]:
    texte = files("ledger").joinpath("donnees", "seuils.json").read_text("utf-8")
    return {
        nom: sorted(((date.fromisoformat(v["depuis"]), v) for v in valeurs), key=_debut)
        for nom, valeurs in json.loads(texte).items()
    }


def _debut(seuil: tuple[date, dict[str, Any]]) -> date:
    return seuil[0]


@lru_cache(maxsize=4096)  # asked of each structure, at a few dates
def en_vigueur(nom: str, jour: date) -> dict[str, Any] | None:
    """The threshold of that name in force on a day (the last one begun), or None before any."""
    trouve = None
    for depuis, valeur in _seuils()[nom]:
        if depuis <= jour:
            trouve = valeur
    return trouve


def regles_publiees(nom: str) -> dict[str, Any]:
    """A rule set shipped with the project (`regles-NOM.json`): rules, sources, revisions."""
    texte = files("ledger").joinpath("donnees", f"regles-{nom}.json").read_text("utf-8")
    publiees: dict[str, Any] = json.loads(texte)
    return publiees
