"""The accounts of the exports: a posting of the ledger's four books, under a name of our own.

A posting goes to an account whose balance some projection knows (`Ligne.compte`), with what is
finer (exercice, nature) in `Ligne.details`: sub-accounts in Beancount, tags in hledger.

    Soldes      what is left: available, frozen, outstanding by structure, claimed by structure
    Origines    where it comes from (credit balances): ceiling, credits opened, claims
    Emplois     what it was used for: commitments, withdrawals (credit), payments by structure
    Mouvements  the outstanding, by exercice, and recoveries: the other side of `Soldes:RAP:Reste`
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from ledger.champs import est_slug
from ledger.erreurs import UnreadableFactError

from ..partie_double import Ecriture


class Ligne(Struct, frozen=True, gc=False):
    """One posting, in cents (debit positive). `details` are (key, value) pairs, coarsest first."""

    compte: str
    details: tuple[tuple[str, str], ...]
    centimes: int


class _Poste(Struct, frozen=True, gc=False):
    racine: str
    nom: str
    par: Literal["exercice", "structure"] | None = None
    mouvement: str | None = None


_LIVRES = {
    "enveloppe": "Enveloppe",
    "hors_enveloppe": "Hors-Enveloppe",
    "ae": "AE",
    "cp": "CP",
    "rap": "RAP",
    "reversements": "Reversements",
}
_POSTES = {
    "enveloppe:disponible": _Poste("Soldes", "Disponible"),
    "enveloppe:plafond": _Poste("Origines", "Plafond"),
    "enveloppe:engage": _Poste("Emplois", "Engage"),
    "enveloppe:retraits": _Poste("Emplois", "Retraits"),
    "hors_enveloppe:disponible": _Poste("Soldes", "Disponible"),
    "hors_enveloppe:engage": _Poste("Emplois", "Engage"),
    "hors_enveloppe:retraits": _Poste("Emplois", "Retraits"),
    "ae:disponibles": _Poste("Soldes", "Disponibles", "exercice"),
    "ae:gelees": _Poste("Soldes", "Gelees", "exercice"),
    "ae:ouvertes": _Poste("Origines", "Ouvertes", "exercice"),
    "ae:engagees": _Poste("Emplois", "Engagees", "exercice"),
    "ae:retraits_meme": _Poste("Emplois", "Retraits-Meme-Exercice", "exercice"),
    "ae:retraits_anterieurs": _Poste("Emplois", "Retraits-Anterieurs", "exercice"),
    "cp:disponibles": _Poste("Soldes", "Disponibles", "exercice"),
    "cp:geles": _Poste("Soldes", "Geles", "exercice"),
    "cp:ouverts": _Poste("Origines", "Ouverts", "exercice"),
    "cp:payes": _Poste("Emplois", "Paye", "structure", "versements"),
    "cp:regularisations": _Poste("Emplois", "Paye", "structure", "regularisations"),
    "rap:reste": _Poste("Soldes", "Reste", "structure"),
    "rap:engage": _Poste("Mouvements", "Engage", "exercice"),
    "rap:payes": _Poste("Mouvements", "Payes", "exercice"),
    "rap:regularisations": _Poste("Mouvements", "Regularisations", "exercice"),
    "rap:retraits_meme": _Poste("Mouvements", "Retraits-Meme-Exercice", "exercice"),
    "rap:retraits_anterieurs": _Poste("Mouvements", "Retraits-Anterieurs", "exercice"),
    "reversements:demandes": _Poste("Soldes", "Demandes", "structure"),
    "reversements:titres": _Poste("Origines", "Titres"),
    "reversements:encaisses": _Poste("Mouvements", "Encaisses", "exercice"),
}


def ligne(ecriture: Ecriture) -> Ligne:
    """The posting in the accounts of the exports. Raises UnreadableFactError for a forged id."""
    livre, nom, *suite = ecriture.compte.split(":")
    poste = _POSTES[f"{livre}:{nom}"]
    annee = suite.pop(0) if suite and suite[0].isdecimal() else None
    details: list[tuple[str, str]] = []
    if poste.par == "exercice":
        compte = f"{poste.racine}:{_LIVRES[livre]}:{annee}:{poste.nom}"
    else:
        compte = f"{poste.racine}:{_LIVRES[livre]}:{poste.nom}"
        if poste.par == "structure":
            compte = f"{compte}:{_sous_compte(ecriture)}"
        if poste.mouvement is not None:
            details.append(("mouvement", poste.mouvement))
        if annee is not None:
            details.append(("exercice", annee))
    details += [("nature", nature) for nature in suite]
    return Ligne(compte, tuple(details), ecriture.centimes)


def sous_compte(structure: str) -> str:
    """The account component of a structure: `S-` and its id (which may begin with a hyphen)."""
    return f"S-{structure}"


def _sous_compte(ecriture: Ecriture) -> str:
    structure = ecriture.structure or ""
    if not est_slug(structure):  # never an account name that a forged line chose
        raise UnreadableFactError(
            f"Position {ecriture.position} : {structure[:80]!r} n'est pas un identifiant.",
            position=ecriture.position,
        )
    return sous_compte(structure)
