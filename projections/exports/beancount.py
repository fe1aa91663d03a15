"""The journal as Beancount (version 3): every total recomputed by a tool that is not ours.

One transaction per event, in the order of positions (Beancount sorts by date itself), then the
opening of the accounts, then the balances that the projections announce on the day after the last
effect date. A `balance` on a parent account includes its sub-accounts. `~ 0 EUR` makes it exact:
without it Beancount tolerates a cent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from ledger import Journal

from ..situation import Vue
from ..tableur import CACHES
from .commun import (
    DEVISE,
    Livre,
    Operation,
    en_tete,
    identite,
    lendemain,
    montant,
)
from .comptes import Ligne, sous_compte

_NOMS = {
    "assets": "Soldes",
    "liabilities": "Dettes",
    "equity": "Mouvements",
    "income": "Origines",
    "expenses": "Emplois",
}
"""Beancount's five root accounts under our names; `Dettes` stays empty."""
_CONTROLES = re.compile(f"[\n{CACHES}]")


def ecrire_beancount(journal: Journal, vue: Vue) -> Iterator[str]:
    """The text of the file, piece by piece: memory holds the accounts, never the journal.

    `vue` is the view to export, read from `journal`: its `au` and its position bound the facts.
    Raises: ChainBrokenError when the journal changed since the view; StoreError.
    """
    livre = Livre(journal, vue)
    yield "".join(f"; {texte}\n" for texte in en_tete(identite(journal, vue)))
    yield f'\noption "title" {_chaine(vue.situation.intitule or vue.programme)}\n'
    yield f'option "operating_currency" "{DEVISE}"\n'
    yield "".join(f'option "name_{nom}" "{notre}"\n' for nom, notre in _NOMS.items())
    comptes: set[str] = set()
    premiere: date | None = None
    for operation in livre.operations():
        jour = operation.fait.date_effet
        premiere = jour if premiere is None else min(premiere, jour)
        comptes.update(map(_compte, operation.lignes))
        yield _transaction(operation)
    fin = lendemain(vue)
    if premiere is None or fin is None:
        return
    soldes = tuple(livre.assertions())
    comptes.update(solde.compte for solde in soldes)
    yield f"\n; Comptes\n{premiere} commodity {DEVISE}\n"
    porteurs = _porteurs(vue)
    for compte in sorted(comptes):
        yield f"{premiere} open {compte} {DEVISE}\n{porteurs.get(compte, '')}"
    yield "\n; Soldes annoncés par les projections, au centime\n"
    for solde in soldes:
        nombre, devise = montant(solde.centimes).split(" ")
        yield f"{fin} balance {solde.compte}  {nombre} ~ 0 {devise}\n"


def _transaction(operation: Operation) -> str:
    fait = operation.fait
    beneficiaire = "" if operation.structure is None else f"{_chaine(operation.structure)} "
    lignes = [
        f"\n{fait.date_effet} * {beneficiaire}{_chaine(operation.type)}",
        f"  position: {operation.position}",
        f"  id_commande: {_chaine(fait.id_commande)}",
        f"  enregistre_le: {_chaine(fait.enregistre_le)}",
        f'  feuille: "{operation.feuille}"',
    ]
    if operation.structure is not None:
        lignes.append(f"  structure: {_chaine(operation.structure)}")
    lignes += [f"  {_compte(ligne)}  {montant(ligne.centimes)}" for ligne in operation.lignes]
    return "\n".join(lignes) + "\n"


def _compte(ligne: Ligne) -> str:
    return ":".join((ligne.compte, *[valeur.capitalize() for _, valeur in ligne.details]))


def _porteurs(vue: Vue) -> dict[str, str]:
    """What is known of each structure, as metadata of its outstanding account."""
    return {
        f"Soldes:RAP:Reste:{sous_compte(slug)}": f"  porteur: {_chaine(fiche.porteur)}\n"
        f"  code_postal: {_chaine(fiche.code_postal)}\n"
        f"  ville: {_chaine(fiche.ville)}\n"
        for slug, fiche in vue.situation.fiches.items()
    }


def _chaine(texte: str) -> str:
    """A quoted string: whatever was recorded stays inside its quotes, on one line."""
    echappe = texte.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_CONTROLES.sub(" ", echappe)}"'
