"""The fields of each kind of import: their known headings, how a cell is read, what is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from msgspec import Struct

from ledger.champs import est_slug

from ..tableaux import Cellule, ValeurRefusee
from ..tableaux.entete import cle
from ..tableaux.valeurs import (
    Lue,
    lire_booleen,
    lire_code_postal,
    lire_entier,
    lire_jour_cellule,
    lire_montant,
    lire_siret,
    lire_texte,
)


class Lecture(Struct, frozen=True):
    """How the cells of one file are read: what was asked, what the file says of itself."""

    serie: int | None = None
    zeros_perdus: bool = False
    mois_jour: frozenset[str] = frozenset()
    """Fields where a date was seen that only month/day/year can read."""


Lire = Callable[[Cellule, Lecture, str], Lue]


class Champ(Struct, frozen=True):
    """One field: its name, its headings, its reader. `requis`: no row without it."""

    nom: str
    lire: Lire
    alias: tuple[str, ...] = ()
    requis: bool = False


def _texte(cellule: Cellule, _: Lecture, __: str) -> Lue:
    return lire_texte(cellule)


def _montant(cellule: Cellule, _: Lecture, __: str) -> Lue:
    return lire_montant(cellule)


def lire_jour(cellule: Cellule, lecture: Lecture, champ: str) -> Lue:
    """A date, as AAAA-MM-JJ."""
    jour, alertes = lire_jour_cellule(
        cellule, serie=lecture.serie, ambigu=champ in lecture.mois_jour
    )
    return jour.isoformat() if isinstance(jour, date) else jour, alertes


def _booleen(cellule: Cellule, _: Lecture, __: str) -> Lue:
    return lire_booleen(cellule)


def _entier(cellule: Cellule, _: Lecture, __: str) -> Lue:
    return lire_entier(cellule)


def _code_postal(cellule: Cellule, lecture: Lecture, _: str) -> Lue:
    return lire_code_postal(cellule, retablir=lecture.zeros_perdus)


def _siret(cellule: Cellule, _: Lecture, __: str) -> Lue:
    return lire_siret(cellule)


def _rna(cellule: Cellule, _: Lecture, __: str) -> Lue:
    texte, alertes = lire_texte(cellule)
    return texte.replace(" ", "").upper(), alertes


def _slug(cellule: Cellule, _: Lecture, __: str) -> Lue:
    texte, alertes = lire_texte(cellule)
    if est_slug(texte):
        return texte, alertes
    raise ValeurRefusee(
        "identifiant_indecidable",
        f"{texte[:40]!r} n'est pas un identifiant de structure",
        "Lettres minuscules sans accent, chiffres et tirets, 64 au plus ; ou donner le nom et le "
        "code postal.",
    )


_TERRITOIRES = {
    "qpv": "qpv",
    "oui": "qpv",
    "quartierprioritaire": "qpv",
    "enqpv": "qpv",
    "horsqpv": "hors_qpv",
    "non": "hors_qpv",
    "inconnu": "inconnu",
}


def _territoire(cellule: Cellule, _: Lecture, __: str) -> Lue:
    if cellule.genre == "booleen":
        return _TERRITOIRES[cellule.texte], ()
    texte, alertes = lire_texte(cellule)
    lu = _TERRITOIRES.get(cle(texte))
    if lu is None:
        raise ValeurRefusee(
            "valeur_invalide",
            f"le territoire {texte[:40]!r} n'est ni qpv, ni hors_qpv, ni inconnu",
            "Écrire qpv, hors_qpv ou inconnu.",
        )
    return lu, alertes


def _rang(cellule: Cellule, lecture: Lecture, champ: str) -> Lue:
    if cellule.genre == "texte" and cle(cellule.texte) in ("bonus", "bonusnumerique"):
        return 0, ()
    if cellule.genre == "texte" and cle(cellule.texte).startswith("tranche"):
        cellule = Cellule("texte", cle(cellule.texte).removeprefix("tranche"))
    return _entier(cellule, lecture, champ)


_NOMS = (
    "nom",
    "nom de la structure",
    "nom structure",
    "nom du porteur",
    "nom du lieu",
    "structure porteuse",
    "raison sociale",
    "bénéficiaire",
    "nom du bénéficiaire",
    "nomBeneficiaire",
    "association",
    "lauréat",
    "tiers-lieu",
    "nom du tiers-lieu",
    "candidat",
)
_IDENTIFIANTS = ("identifiant", "id structure", "identifiant structure", "slug")
_CP = ("cp", "code postal de la structure")
_SIRETS = ("n° siret", "numéro siret", "siret du bénéficiaire", "idBeneficiaire", "code taxe 1")

CANDIDATURES: tuple[Champ, ...] = (
    Champ("porteur", _texte, _NOMS, requis=True),
    Champ("code_postal", _code_postal, _CP, requis=True),
    Champ("ville", _texte, ("commune", "localité", "nom commune"), requis=True),
    Champ("territoire", _territoire, ("zone", "zonage", "qpv", "type de territoire"), requis=True),
    Champ(
        "numerique",
        _booleen,
        ("fabrique numérique", "fabrique numérique de territoire", "label numérique"),
        requis=True,
    ),
    Champ(
        "date_effet",
        lire_jour,
        (
            "date",
            "date d'effet",
            "date de dépôt",
            "date dépôt",
            "date de candidature",
            "déposée le",
        ),
        requis=True,
    ),
    Champ("structure", _slug, _IDENTIFIANTS),
    Champ(
        "montant_demande",
        _montant,
        (
            "montant",
            "montant demandé",
            "montant sollicité",
            "subvention demandée",
            "subvention sollicitée",
            "subvention",
            "aide demandée",
        ),
    ),
    Champ("siret", _siret, _SIRETS),
    Champ("rna", _rna, ("n° rna", "numéro rna", "rnaBeneficiaire")),
    Champ("vague", _texte, ("n° vague", "vague de labellisation")),
)

VERSEMENTS: tuple[Champ, ...] = (
    Champ("structure", _slug, _IDENTIFIANTS),
    Champ("porteur", _texte, _NOMS),
    Champ("code_postal", _code_postal, _CP),
    Champ("siret", _siret, _SIRETS),
    Champ("rang", _rang, ("tranche", "n° tranche", "numéro de tranche", "rang de tranche"), True),
    Champ(
        "montant",
        _montant,
        ("montant versé", "montant payé", "versement", "somme versée"),
        requis=True,
    ),
    Champ(
        "reference",
        _texte,
        ("référence de paiement", "n° dp", "dp", "demande de paiement", "numéro de dp"),
        requis=True,
    ),
    Champ(
        "date_effet",
        lire_jour,
        (
            "date",
            "date d'effet",
            "date de versement",
            "date de paiement",
            "versé le",
            "payé le",
            "date de dernière opération sur la dp",
        ),
        requis=True,
    ),
    Champ("exercice", _entier, ("exercice comptable", "exercice budgétaire")),
)

PAR_SORTE: Mapping[str, tuple[Champ, ...]] = {
    "candidatures": CANDIDATURES,
    "versements": VERSEMENTS,
}


def alias_de(champs: tuple[Champ, ...]) -> dict[str, tuple[str, ...]]:
    """Field -> headings, for `trouver_entete`."""
    return {champ.nom: champ.alias for champ in champs}


Valeurs = dict[str, Any]
"""What was read of a row: field -> value, blank fields left out."""
