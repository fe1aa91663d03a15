"""The situation of a programme: one pure fold, from which every figure is read.

`Situation()` is the beginning, `appliquer(situation, position, fait)` the step. A figure is
F(facts with `date_effet` <= au, known at `connu_au`): the same fold over fewer facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import takewhile

from msgspec import Struct

from ledger.erreurs import ChainBrokenError, UsageError
from ledger.evenements import Fait
from ledger.journal import Journal
from ledger.preuve.merkle import Arbre

from .parallele import plier_journal
from .pli import Situation, appliquer, plier

__all__ = ["Situation", "Vue", "appliquer", "connus", "exiger_connu", "plier", "regarder"]


class Vue(Struct, frozen=True):
    """A situation as asked for: programme, both time axes, root of the journal at that position."""

    programme: str
    au: date | None
    situation: Situation
    arbre: Arbre
    journal: Journal | None = None
    """The journal it was read from (at least as far as it goes); None for a view made otherwise."""

    def faits(self) -> Iterator[tuple[int, Fait]]:
        """The facts counted, read again: for what needs more than the situation. Needs the base.

        Raises: UsageError for a view made without a journal; ChainBrokenError, also when a line
        changed since the first reading; StoreError.
        """
        if self.journal is None:
            raise UsageError(f"Cette vue de {self.programme} n'est pas lue d'un journal.")
        journal = Journal(self.journal.store, self.programme)
        for position, fait in journal.rattraper(jusqua=self.situation.position):
            if journal.arbre.feuille(position) != self.arbre.feuille(position):
                raise ChainBrokenError(
                    f"Journal {self.programme}, position {position} : la ligne a changé depuis "
                    "sa lecture.",
                    position=position,
                )
            if self.au is None or fait.date_effet <= self.au:
                yield position, fait

    @property
    def racine(self) -> bytes:
        """Merkle root (32 bytes) of the journal at the position known."""
        return self.arbre.racine(self.situation.position)

    @property
    def date_de_vue(self) -> date | None:
        """The date at which statuses are read: `au`, else the greatest effect date counted."""
        return self.au or self.situation.derniere_date


def regarder(
    journal: Journal,
    *,
    au: date | None = None,
    connu_au: int | str | None = None,
    coeurs: int = 1,
) -> Vue:
    """Read a journal from its first line and fold it: as of `au`, as known at `connu_au`.

    `connu_au` is a position, or an instant in the stored form: then the facts recorded up to it.
    Every line is verified on the way. With `coeurs` above one, and a long journal in a
    base that others can open, that many processes share the reading (the others are spawned: a
    host's main module must be importable); the view is the same, to the byte.

    Raises: UsageError for an unknown programme or a position that the journal has not reached;
    ChainBrokenError; StoreError.
    """
    lu = Journal(journal.store, journal.programme)  # however far the caller's was read
    if isinstance(connu_au, str):
        situation = plier(connus(lu, connu_au), au=au)
    else:
        exiger_connu(lu, connu_au)
        situation = plier_journal(lu, jusqua=connu_au, au=au, coeurs=coeurs)
    return Vue(lu.programme, au, situation, lu.arbre, lu)


def connus(journal: Journal, connu_au: int | str | None) -> Iterator[tuple[int, Fait]]:
    """The facts of an unread journal known at a position or an instant, verified one by one.

    Raises: UsageError for an unknown programme or a position that the journal has not reached.
    """
    exiger_connu(journal, connu_au)
    faits = journal.rattraper(jusqua=connu_au if isinstance(connu_au, int) else None)
    if isinstance(connu_au, str):
        instant = connu_au  # recorded instants never decrease
        faits = takewhile(lambda inscrit: inscrit[1].enregistre_le <= instant, faits)
    return faits


def exiger_connu(journal: Journal, connu_au: int | str | None) -> None:
    """Refuse a programme that is not in the base, and a position that its journal has not reached.

    Raises: UsageError.
    """
    taille = journal.store.taille(journal.programme)
    if taille == 0:
        raise UsageError(
            f"Le programme {journal.programme} n'est pas dans cette base.",
            remede="Vérifier --programme.",
        )
    if isinstance(connu_au, int) and not 0 <= connu_au <= taille:
        raise UsageError(
            f"Le journal {journal.programme} va de 1 à {taille}, position {connu_au} demandée.",
            remede="Vérifier la position demandée (--connu-au).",
        )
