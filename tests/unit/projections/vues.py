"""Views made without a journal: payments and labels given one by one, and a root of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from hashlib import sha256

from immutables import Map

from ledger.preuve.merkle import Arbre
from projections.fiche import Fiche, Versement
from projections.situation import Situation, Vue

JOUR = date(2020, 3, 1)


def versement(position: int, montant: int, exercice: int = 2020) -> Versement:
    """A payment of rank 1."""
    return Versement(position, 1, montant, exercice, exercice, JOUR, f"V-{position}")


def vue_de(*fiches: Fiche, racine: str = "journal", au: date | None = None) -> Vue:
    """A view of these structures, at position 1; `racine` names the only line of the journal."""
    arbre = Arbre()
    arbre.ajouter([sha256(racine.encode()).digest()])
    par_nom = Map({fiche.structure: fiche for fiche in fiches})
    return Vue("fabriques", au, Situation(position=1, fiches=par_nom), arbre)


def vue_payee(montants: Sequence[int], *, racine: str = "journal") -> Vue:
    """A view of one payment per structure: `s0` at position 1, `s1` at position 2..."""
    fiches = (Fiche(f"s{i}", versements=(versement(i + 1, m),)) for i, m in enumerate(montants))
    return vue_de(*fiches, racine=racine)
