"""The register: one line per structure."""

from __future__ import annotations

from msgspec import Struct

from .fiche import Fiche
from .situation import Vue


class LigneStructure(Struct, frozen=True, gc=False):
    """One structure of the register. Amounts in cents; `montant` is the grant in force."""

    structure: str
    porteur: str
    code_postal: str
    ville: str
    territoire: str
    numerique: bool
    etat: str
    montant_centimes: int
    paye_centimes: int


def ligne(fiche: Fiche) -> LigneStructure:
    """The line of one structure."""
    return LigneStructure(
        structure=fiche.structure,
        porteur=fiche.porteur,
        code_postal=fiche.code_postal,
        ville=fiche.ville,
        territoire=fiche.territoire,
        numerique=fiche.numerique,
        etat=fiche.etat,
        montant_centimes=fiche.montant,
        paye_centimes=fiche.paye,
    )


def structures(vue: Vue) -> tuple[LigneStructure, ...]:
    """The register as of the view, sorted by structure id."""
    fiches = vue.situation.fiches
    return tuple(ligne(fiches[slug]) for slug in sorted(fiches))
