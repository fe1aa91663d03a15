"""The chart of accounts of the FEC: the four books of the ledger, all in class 8.

Budgetary books (envelope, AE, CP, outstanding) are no general accounting: nothing here is a balance
sheet nor a result, which the State keeps elsewhere. Commitments given and received have their
usual numbers (801, 802, counterpart 809); the other books take 81 to 84, which are free.

A number has nine digits: the account (4), the exercice charged (4, zeros when there is none), the
nature (1 for a grant, 2 for a bonus, 0 when it does not matter).
"""

from __future__ import annotations

from msgspec import Struct

from ledger.champs import est_slug
from ledger.erreurs import UnreadableFactError

from ..partie_double import Ecriture

COMPTES = {
    "rap:reste": ("8011", "Subventions engagées restant à payer"),
    "reversements:demandes": ("8021", "Reversements demandés restant à encaisser"),
    "rap:engage": ("8091", "Contrepartie des engagements"),
    "rap:payes": ("8092", "Contrepartie des paiements"),
    "rap:regularisations": ("8093", "Contrepartie des régularisations de paiements"),
    "rap:retraits_meme": ("8094", "Contrepartie des retraits de l'exercice"),
    "rap:retraits_anterieurs": ("8095", "Contrepartie des retraits sur exercices antérieurs"),
    "reversements:titres": ("8096", "Contrepartie des reversements demandés"),
    "reversements:encaisses": ("8097", "Reversements encaissés"),
    "enveloppe:disponible": ("8110", "Enveloppe disponible"),
    "enveloppe:plafond": ("8120", "Enveloppe votée"),
    "enveloppe:engage": ("8130", "Enveloppe engagée"),
    "enveloppe:retraits": ("8140", "Retraits rendus à l'enveloppe"),
    "hors_enveloppe:disponible": ("8210", "Bonus hors enveloppe"),
    "hors_enveloppe:engage": ("8230", "Bonus engagés hors enveloppe"),
    "hors_enveloppe:retraits": ("8240", "Bonus retirés hors enveloppe"),
    "ae:disponibles": ("8310", "AE disponibles"),
    "ae:gelees": ("8320", "AE gelées"),
    "ae:ouvertes": ("8330", "AE ouvertes"),
    "ae:engagees": ("8340", "AE engagées"),
    "ae:retraits_meme": ("8350", "AE rendues par les retraits de l'exercice"),
    "ae:retraits_anterieurs": ("8360", "AE rendues par les retraits antérieurs recyclables"),
    "cp:disponibles": ("8410", "CP disponibles"),
    "cp:geles": ("8420", "CP gelés"),
    "cp:ouverts": ("8430", "CP ouverts"),
    "cp:payes": ("8440", "CP payés"),
    "cp:regularisations": ("8450", "Régularisations de CP"),
}
"""`livre:poste` of `projections.partie_double` -> (number, French name)."""
_PAR_STRUCTURE = {"rap:reste", "reversements:demandes", "cp:payes", "cp:regularisations"}
"""Accounts kept by structure: the auxiliary account."""
_NATURES = {"subvention": "1", "bonus": "2"}


class Compte(Struct, frozen=True, order=True):
    """An account of the FEC; `auxiliaire` is the structure's, empty when it has none."""

    numero: str
    auxiliaire: str
    libelle: str


def compte(ecriture: Ecriture) -> Compte:
    """The account of a posting. Raises UnreadableFactError for a forged structure id."""
    livre, poste, *suite = ecriture.compte.split(":")
    numero, libelle = COMPTES[f"{livre}:{poste}"]
    annee, nature = "0000", "0"
    for precision in suite:
        if precision in _NATURES:
            nature = _NATURES[precision]
        else:
            annee = precision
        libelle = f"{libelle} - {precision}"
    auxiliaire = ""
    if f"{livre}:{poste}" in _PAR_STRUCTURE:
        structure = ecriture.structure or ""
        if not est_slug(structure):
            raise UnreadableFactError(
                f"Position {ecriture.position} : {structure[:80]!r} n'est pas un identifiant.",
                position=ecriture.position,
            )
        auxiliaire = f"S-{structure}"
    return Compte(f"{numero}{annee}{nature}", auxiliaire, libelle)
