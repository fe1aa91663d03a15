"""Which facts make a cell: contributions that sum to it, to the cent, whatever the cell.

The contribution of a fact is what the cell became minus what it was, the facts taken in the order
of positions: on a sum it is the effect of the fact, and it stays exact for what is not one (a rate,
what a closing moves). A cell that depends on the order has contributions that depend on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from difflib import get_close_matches

from msgspec import Struct

from ledger.erreurs import UsageError
from ledger.evenements import Fait, FaitDeStructure
from ledger.journal import Journal
from ledger.provenance import Provenance
from ledger.registre import TOPICS

from .cellules import Cellule, Unite, lire_cellule
from .situation import connus
from .suivi import Suivi


class Contribution(Struct, frozen=True, gc=False):
    """What one fact adds to a cell, in the unit of the cell. `type` is the topic of the fact.

    `provenance`: the row of the file where its command was read, None when it came otherwise.
    """

    position: int
    date_effet: date
    type: str
    structure: str | None
    centimes: int
    provenance: Provenance | None = None


class Explication(Struct, frozen=True):
    """A cell and the facts that make it. `valeur_centimes` is in `unite`, cents or not.

    `position` is the last position known, facts after `au` included.
    """

    cellule: str
    unite: Unite
    valeur_centimes: int
    position: int
    au: date | None
    contributions: tuple[Contribution, ...]


def expliquer(
    journal: Journal,
    cellule: Cellule | str,
    *,
    au: date | None = None,
    connu_au: int | str | None = None,
) -> Explication:
    """The facts that make a cell as of `au`, as known at `connu_au`. Every line is verified.

    Raises: UsageError for what names no cell, a structure that no fact counted names, an unknown
    programme or a position not reached; ChainBrokenError; StoreError.
    """
    cherchee = lire_cellule(cellule) if isinstance(cellule, str) else cellule
    nommees: set[str] = set()

    def noter() -> Iterator[tuple[int, Fait]]:
        for position, fait in connus(Journal(journal.store, journal.programme), connu_au):
            if isinstance(fait, FaitDeStructure) and (au is None or fait.date_effet <= au):
                nommees.add(fait.structure)
            yield position, fait

    (explication,) = expliquer_tout(noter(), (cherchee,), au=au)
    if cherchee.structure is not None and cherchee.structure not in nommees:
        proches = get_close_matches(cherchee.structure, sorted(nommees), n=5)
        raise UsageError(
            f"La structure {cherchee.structure} n'est pas dans {journal.programme} à ces dates.",
            remede=f"Identifiants proches : {', '.join(proches)}."
            if proches
            else "Lister les identifiants avec `fabriques structures`.",
        )
    return explication


def expliquer_tout(
    faits: Iterable[tuple[int, Fait]],
    cellules: Iterable[Cellule],
    *,
    au: date | None = None,
) -> tuple[Explication, ...]:
    """Explain many cells in one reading of the facts, which come from position 1, in order."""
    demandees = tuple(cellules)
    suivi = Suivi(demandees)
    listes: dict[str, list[Contribution]] = {str(c): [] for c in demandees}
    derniere = 0
    for position, fait in faits:
        derniere = position
        if au is not None and fait.date_effet > au:
            continue
        memes: dict[int, Contribution] = {}  # one fact gives the same cents to many cells
        for nom, centimes in suivi.compter(position, fait).items():
            contribution = memes.get(centimes)
            if contribution is None:
                contribution = memes[centimes] = contribution_de(position, fait, centimes)
            listes[nom].append(contribution)
    return tuple(
        Explication(
            cellule=str(cellule),
            unite=cellule.unite,
            valeur_centimes=suivi.valeurs.get(str(cellule), 0),
            position=derniere,
            au=au,
            contributions=tuple(listes[str(cellule)]),
        )
        for cellule in demandees
    )


def contribution_de(position: int, fait: Fait, centimes: int) -> Contribution:
    """What a fact adds, with what identifies it."""
    structure = fait.structure if isinstance(fait, FaitDeStructure) else None
    genre, source = TOPICS[type(fait)], fait.provenance
    return Contribution(position, fait.date_effet, genre, structure, centimes, source)
