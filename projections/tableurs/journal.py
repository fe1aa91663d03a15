"""The journal as a list: a line per fact, and what it does to the money, in three columns.

`engage`, `retire` and `paye` add up to the totals of the envelope and of the exercices: a pivot of
this sheet is a recount.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from ledger.evenements import (
    AvenantSigné,
    BonusNumériqueAccordé,
    BonusNumériqueVersé,
    FabriqueLabellisée,
    Fait,
    FaitDeStructure,
    LabelRetiré,
    TrancheVersée,
    VersementAnnulé,
)
from ledger.provenance import Provenance
from ledger.registre import TOPICS

from ..libelles import ROLES, libelle_du_type
from ..situation import Vue
from .modele import Colonne, Dit, Ligne, Lues, Tableau

SOURCE = (
    Colonne("source_fichier", "Fichier importé (SHA-256)", largeur=20, replie=True),
    Colonne("source_feuille", "Feuille", largeur=12, replie=True),
    Colonne("source_ligne", "Ligne", "entier", 9),
)
"""Where the command of a fact was read, when it was in a file."""
_COLONNES = (
    Colonne("position", "Position", "entier", 9),
    Colonne("date_effet", "Date d'effet", "date"),
    Colonne("enregistre_le", "Enregistré le (UTC)", "instant"),
    Colonne("tardif", "Antidaté", largeur=10),
    Colonne("type", "Fait", largeur=24, replie=True),
    Colonne("structure", "Structure", largeur=30, replie=True),
    Colonne("exercice", "Exercice", "entier", 9),
    Colonne("engage", "Engagé (AE)", "montant", 15, total=True),
    Colonne("retire", "Retiré", "montant", 15, total=True),
    Colonne("paye", "Payé (CP)", "montant", 15, total=True),
    Colonne("id_commande", "Commande", largeur=26, replie=True),
    Colonne("acteur", "Acteur", largeur=26, replie=True),
    Colonne("role", "Rôle", largeur=14),
    *SOURCE,
)


_ANTIDATE = Dit("tardif", "antidaté")

Suivi = tuple[int, Fait, bool]
"""A position, its fact, and whether a fact recorded before takes effect after it."""


class Effet(NamedTuple):
    """What a fact commits, withdraws and pays, in cents."""

    engage: int = 0
    retire: int = 0
    paye: int = 0


def effet(fait: Fait) -> Effet:
    """What a fact does to commitments and payments."""
    match fait:
        case FabriqueLabellisée() | BonusNumériqueAccordé():
            return Effet(engage=fait.montant_centimes)
        case AvenantSigné():
            return Effet(fait.engagement_centimes, _retraits(fait))
        case LabelRetiré():
            return Effet(retire=_retraits(fait))
        case TrancheVersée() | BonusNumériqueVersé():
            return Effet(paye=fait.montant_centimes)
        case VersementAnnulé():
            return Effet(retire=_retraits(fait), paye=-fait.montant_centimes)
        case _:
            return Effet()


def _retraits(fait: AvenantSigné | LabelRetiré | VersementAnnulé) -> int:
    return sum(r.montant_centimes for r in fait.retraits)


def tableau_journal(vue: Vue, nombre: int | None = None) -> Tableau:
    """The facts of a view, read again from the base as the table is: it must be open.

    `nombre` is how many the view counts. Not given, it is counted: without a date every position
    known is a line, with one the base is read once more.
    """
    if nombre is None:
        sans_date = vue.au is None
        nombre = vue.situation.position if sans_date else sum(1 for _ in vue.faits())
    return tableau_de_faits(lambda: _suivre(vue.faits()), nombre)


def tableau_de_faits(faits: Callable[[], Iterator[Suivi]], nombre: int) -> Tableau:
    """Some facts of a journal, in the same columns: each with whether it is backdated."""
    lignes = Lues(lambda: (_ligne(position, fait, tardif) for position, fait, tardif in faits()))
    return Tableau("journal", "Journal", _COLONNES, lignes, nombre)


def _suivre(faits: Iterable[tuple[int, Fait]]) -> Iterator[Suivi]:
    derniere = date.min
    for position, fait in faits:
        yield position, fait, fait.date_effet < derniere
        derniere = max(derniere, fait.date_effet)


def _ligne(position: int, fait: Fait, tardif: bool) -> Ligne:
    somme = effet(fait)
    return [
        position,
        fait.date_effet,
        datetime.fromisoformat(fait.enregistre_le),
        _ANTIDATE if tardif else "",
        dit_du_type(TOPICS[type(fait)]),
        fait.structure if isinstance(fait, FaitDeStructure) else None,
        getattr(fait, "exercice", None),
        somme.engage or None,
        somme.retire or None,
        somme.paye or None,
        fait.id_commande,
        fait.acteur.id,
        Dit(fait.acteur.role, ROLES.get(fait.acteur.role, fait.acteur.role)),
        *source(fait.provenance),
    ]


@lru_cache(maxsize=256)
def dit_du_type(topic: str) -> Dit:
    """The type of a fact: its code, and `Tranche versée`."""
    return Dit(topic, libelle_du_type(topic))


def source(provenance: Provenance | None) -> tuple[str | None, str | None, int | None]:
    """The cells of `SOURCE`."""
    if provenance is None:
        return None, None, None
    return provenance.fichier, provenance.feuille, provenance.ligne
