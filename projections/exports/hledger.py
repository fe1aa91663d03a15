"""The journal in the format that both `hledger` and `ledger` read.

One transaction per event, its position as code, then a last one whose postings of zero carry the
balances that the projections announce. Only what both tools read alike is used:

- `= amount` asserts the balance of that very account, without its sub-accounts. So what is finer
  than the account (exercice, nature) is a tag of the posting: `hledger bal tag:exercice=2020`,
  `ledger bal %exercice=2020`. hledger's `==`, `=*` do not exist in ledger, and a balance of a
  parent account cannot be asserted: those totals are asserted by the Beancount file only.
- hledger checks assertions by date, ledger in the order of the file: the last transaction is the
  last by both.
- one tag a line: a comma ends a value in hledger, not in ledger. `[2020-01-01]` in a comment is a
  date for both, `;` and `|` have a meaning: none is written from a recorded text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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

_SENS = re.compile(f"[\n{CACHES},;|\\[\\]]")


def ecrire_hledger(journal: Journal, vue: Vue) -> Iterator[str]:
    """The text of the file, piece by piece: the journal is never held in memory.

    `vue` is the view to export, read from `journal`: its `au` and its position bound the facts.
    Raises: ChainBrokenError when the journal changed since the view; StoreError.
    """
    livre = Livre(journal, vue)
    yield "".join(f"; {texte}\n" for texte in en_tete(identite(journal, vue)))
    yield f"\ncommodity {DEVISE}\n    format 1000.00 {DEVISE}\n"
    for operation in livre.operations():
        yield _transaction(operation)
    fin = lendemain(vue)
    if fin is None:
        return
    yield f"\n{fin} * Soldes annoncés par les projections\n"
    for solde in livre.assertions():
        if not solde.total:
            yield f"    {solde.compte}  {montant(0)} = {montant(solde.centimes)}\n"


def _transaction(operation: Operation) -> str:
    fait = operation.fait
    structure = "" if operation.structure is None else f" {_texte(operation.structure)}"
    lignes = [
        f"\n{fait.date_effet} * ({operation.position}) {operation.type}{structure}",
        f"    ; id_commande: {_texte(fait.id_commande)}",
        f"    ; enregistre_le: {_texte(fait.enregistre_le)}",
        f"    ; feuille: {operation.feuille}",
    ]
    if operation.structure is not None:
        lignes.append(f"    ; structure:{structure}")
    for ligne in operation.lignes:
        lignes.append(f"    {ligne.compte}  {montant(ligne.centimes)}")
        lignes += [f"    ; {cle}: {valeur}" for cle, valeur in ligne.details]
    return "\n".join(lignes) + "\n"


def _texte(texte: str) -> str:
    """A recorded text without any character that either tool would act upon."""
    return _SENS.sub("_", texte)
