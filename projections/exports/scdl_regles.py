"""What a row of the essential data must be: the official schema, and what it lets pass.

SCDL "subventions" 2.1.1 is a Table Schema: its usual validators take NaN, negative amounts,
reversed or impossible periods. A row is published only if nothing is said of it here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ledger.champs import Siret

COLONNES = (
    "nomAttribuant",
    "idAttribuant",
    "dateConvention",
    "referenceDecision",
    "nomBeneficiaire",
    "idBeneficiaire",
    "rnaBeneficiaire",
    "objet",
    "montant",
    "nature",
    "conditionsVersement",
    "datesPeriodeVersement",
    "idRAE",
    "notificationUE",
    "pourcentageSubvention",
    "dispositifAide",
)
"""The columns of the schema, in its order."""
TEXTE_MAX = 256
"""Longest `objet` and `conditionsVersement`."""
_ID_RAE_MAX = 5
_SOURCE = "https://gitlab.com/opendatafrance/scdl/subventions/raw/v2.1.1/schema.json"
_FACULTATIVES = {
    "referenceDecision",
    "idBeneficiaire",
    "rnaBeneficiaire",
    "idRAE",
    "dispositifAide",
}
_NATURES = {
    "aide en numéraire",
    "aide en nature",
    "aide en numéraire;aide en nature",
    "aide en nature;aide en numéraire",
}
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_MONTANT = re.compile(r"[0-9]+\.[0-9]{2}")
_RNA = re.compile(r"W[0-9]{9}")
_JOUR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PART_MIN = Decimal("0.01")
_PERIODE_BORNES = 2
_TYPES: dict[str, dict[str, Any]] = {
    "dateConvention": {"type": "date"},
    "montant": {"type": "number"},
    "notificationUE": {"type": "boolean", "trueValues": ["oui"], "falseValues": ["non"]},
    "pourcentageSubvention": {"type": "number"},
}
_CONTRAINTES: dict[str, dict[str, Any]] = {
    "idAttribuant": {"pattern": r"^\d{14}$"},
    "rnaBeneficiaire": {"pattern": r"^W\d{9}$"},
    "objet": {"maxLength": TEXTE_MAX},
    "nature": {"enum": sorted(_NATURES)},
    "conditionsVersement": {"maxLength": TEXTE_MAX},
    "datesPeriodeVersement": {
        "pattern": r"^[0-9]{4}\-[0-9]{2}\-[0-9]{2}(\/[0-9]{4}\-[0-9]{2}\-[0-9]{2})?$"
    },
    "idRAE": {"maxLength": _ID_RAE_MAX},
}
_SIRET: TypeAdapter[str] = TypeAdapter(Siret)


def defauts(ligne: Mapping[str, str]) -> list[str]:
    """What is wrong with a row, one French sentence each, in the order of the columns."""
    trouves = []
    for colonne in COLONNES:
        valeur = ligne.get(colonne, "")
        if valeur == "":
            if colonne not in _FACULTATIVES:
                trouves.append(f"{colonne} : absent")
            continue
        defaut = _CONTROLES.get(colonne, _sans_controle)(valeur)
        if defaut is not None:
            trouves.append(f"{colonne} : {defaut}")
    if not ligne.get("idBeneficiaire") and not ligne.get("rnaBeneficiaire"):
        trouves.append("idBeneficiaire, rnaBeneficiaire : ni SIRET ni RNA")
    return trouves


def schema_scdl() -> dict[str, Any]:
    """The official Table Schema, in short: where it is, and the type and bounds of each column."""
    return {"name": "subventions", "version": "2.1.1", "path": _SOURCE} | {
        "fields": [_champ(colonne) for colonne in COLONNES]
    }


def _champ(colonne: str) -> dict[str, Any]:
    exige = {} if colonne in _FACULTATIVES else {"required": True}
    contraintes = {**exige, **_CONTRAINTES.get(colonne, {})}
    champ = {"name": colonne, **_TYPES.get(colonne, {"type": "string"})}
    return {**champ, "constraints": contraintes} if contraintes else champ


def _sans_controle(valeur: str) -> str | None:
    return "un espace au bord" if valeur != valeur.strip() else None


def siret_faux(valeur: str) -> str | None:
    """Why the text is not a SIRET (None: it is one)."""
    try:
        _SIRET.validate_python(valeur)
    except ValidationError as erreur:
        premiere = erreur.errors()[0]
        return str(premiere.get("ctx", {}).get("error", premiere["msg"]))
    return None


def _jour(valeur: str) -> str | None:
    if _JOUR.fullmatch(valeur) is None:
        return f"{valeur[:40]!r} ne s'écrit pas AAAA-MM-JJ"
    try:
        date.fromisoformat(valeur)
    except ValueError:
        return f"la date {valeur} n'existe pas"
    return None


def _periode(valeur: str) -> str | None:
    bornes = valeur.split("/")
    if len(bornes) > _PERIODE_BORNES:
        return f"{valeur[:40]!r} n'est ni une date ni une période"
    defaut = next(filter(None, map(_jour, bornes)), None)
    if defaut is None and bornes != sorted(bornes):
        return f"la période {valeur} finit avant de commencer"
    return defaut


def _montant(valeur: str) -> str | None:
    if _MONTANT.fullmatch(valeur) is None:
        return f"{valeur[:40]!r} n'est pas un montant positif à deux décimales"
    return "le montant est nul" if not valeur.strip("0.") else None


def _texte(maximum: int) -> Callable[[str], str | None]:
    def controler(valeur: str) -> str | None:
        if len(valeur) > maximum:
            return f"{len(valeur)} signes, {maximum} au plus"
        return _sans_controle(valeur)

    return controler


def _parmi(*admises: str) -> Callable[[str], str | None]:
    return lambda valeur: None if valeur in admises else f"{valeur[:40]!r} n'est pas admis"


def _pourcentage(valeur: str) -> str | None:
    if _DECIMAL.fullmatch(valeur) is None:
        return f"{valeur[:40]!r} n'est pas un nombre décimal"
    return None if _PART_MIN <= Decimal(valeur) <= 1 else f"{valeur} n'est pas entre 0.01 et 1"


_CONTROLES: dict[str, Callable[[str], str | None]] = {
    "idAttribuant": siret_faux,
    "dateConvention": _jour,
    "idBeneficiaire": siret_faux,
    "rnaBeneficiaire": lambda v: None if _RNA.fullmatch(v) else "W et 9 chiffres attendus",
    "objet": _texte(TEXTE_MAX),
    "montant": _montant,
    "nature": _parmi(*_NATURES),
    "conditionsVersement": _texte(TEXTE_MAX),
    "datesPeriodeVersement": _periode,
    "idRAE": _texte(_ID_RAE_MAX),
    "notificationUE": _parmi("oui", "non"),
    "pourcentageSubvention": _pourcentage,
}
