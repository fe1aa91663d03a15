"""Moving a ledger to another store: the same lines, byte for byte, accepted on their roots.

Each page read is verified, added durably with its command ids, and never added twice: stopped at
any moment, the move goes on where it was. It ends by reading the target again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

from msgspec import Struct

from .erreurs import MoveRefusedError, StoreMissingError, UsageError
from .evenements import Fait
from .journal import Journal
from .stockage.port import Ecriture, EntreeIndex, LigneBrute, Store

_PAS = 1_000
_DITS = 5
_AUTRE = "Choisir une cible vide, ou celle d'un déplacement interrompu de la même base."


class Deplace(Struct, frozen=True):
    """One programme moved: its lines, those that the target held already, its root."""

    programme: str
    origine: str
    taille: int
    deja: int
    racine: bytes
    suite: int
    """Lines that the source got since: move again once nobody writes to it."""


def deplacer(
    source: Store,
    cible: Store,
    *,
    seulement: Sequence[str] | None = None,
    a_blanc: bool = False,
    progres: Callable[[int], None] | None = None,
) -> tuple[Deplace, ...]:
    """Copy every programme of `source` to `cible`; `progres` is given the lines seen so far.

    With `seulement`, copy these programmes; the target may hold others, which are not looked at.
    With `a_blanc`, everything is read and compared, nothing is written.

    Raises: MoveRefusedError when the target holds something else or does not end identical;
    ChainBrokenError when the source is not sound; UsageError for a programme that it lacks;
    StoreError.
    """
    programmes = source.programmes()
    if not programmes:
        raise StoreMissingError("La base de départ ne tient aucun programme.")
    if seulement is not None:
        absents = sorted(set(seulement) - set(programmes))
        if absents:
            raise UsageError(
                f"Le programme {_enumerer(absents)} n'est pas dans la base de départ.",
                remede=f"Programmes présents : {_enumerer(programmes)}.",
            )
        programmes = tuple(sorted(set(seulement)))
    elif intrus := sorted(set(cible.programmes()) - set(programmes)):
        raise MoveRefusedError(
            f"La cible tient déjà {_enumerer(intrus)}.",
            remede=f"{_AUTRE} Pour y ajouter des programmes, les nommer (--programme).",
        )
    lues = 0

    def avancer(nombre: int) -> None:
        nonlocal lues
        lues += nombre
        if progres is not None:
            progres(lues)

    for programme in programmes:  # before anything is written
        _comparer(source, cible, programme)
    copies = [_copier(source, cible, p, a_blanc=a_blanc, avancer=avancer) for p in programmes]
    if not a_blanc:
        for journal, _ in copies:
            _confronter(journal, cible)
            if cible.taille(journal.programme) != journal.taille:
                raise MoveRefusedError(
                    f"Quelqu'un d'autre écrit le journal {journal.programme} de la cible.",
                    remede="Ne rien y écrire pendant la copie.",
                )
        tailles = {j.programme: j.taille for j, _ in copies}
        _confronter_index(source, cible, tailles, toute=seulement is None)
    return tuple(
        Deplace(
            programme=journal.programme,
            origine=journal.origine(),
            taille=journal.taille,
            deja=deja,
            racine=journal.arbre.racine(),
            suite=source.taille(journal.programme) - journal.taille,
        )
        for journal, deja in copies
    )


def _enumerer(programmes: Sequence[str]) -> str:
    """Names for a sentence: a base may hold thousands."""
    reste = len(programmes) - _DITS
    return ", ".join(programmes[:_DITS]) + (f" et {reste} autres" if reste > 0 else "")


def confronter_copie(
    origine: Store, copie: Store, *, progres: Callable[[int], None] | None = None
) -> tuple[Deplace, ...]:
    """Read a copy, every line verified: each programme is the beginning of the original's.

    Raises: MoveRefusedError, ChainBrokenError, StoreError.
    """
    faits: list[Deplace] = []
    lues = 0
    for programme in copie.programmes():
        journal = Journal(copie, programme)
        for _ in journal.rattraper():
            lues += 1
            if progres is not None and lues % _PAS == 0:
                progres(lues)
        _confronter(journal, origine)
        suite = origine.taille(programme) - journal.taille
        racine = journal.arbre.racine()
        faits.append(Deplace(programme, journal.origine(), journal.taille, 0, racine, suite))
    _confronter_index(origine, copie, {f.programme: f.taille for f in faits}, toute=True)
    return tuple(faits)


def _comparer(source: Store, cible: Store, programme: str) -> None:
    """Every line that the target holds is that of the source."""
    lignes = source.lire(programme, jusqua=cible.taille(programme))
    for la, ici in zip_longest(cible.lire(programme), lignes):
        if la != ici:
            position = (la or ici or LigneBrute(0, "", b"")).position
            raise MoveRefusedError(
                f"La cible tient un autre journal {programme} : il diffère à la position "
                f"{position}.",
                remede=_AUTRE,
            )


def _copier(
    source: Store, cible: Store, programme: str, *, a_blanc: bool, avancer: Callable[[int], None]
) -> tuple[Journal, int]:
    """The journal read to its end, and how many of its lines the target held before."""
    journal, deja = Journal(source, programme), cible.taille(programme)
    for page in source.pages(programme):
        tete = journal.tete
        faits = journal.admettre(page)
        # the page that the target holds in part: its last line is the head of what is missing
        connues = max(0, min(deja - page[0][0] + 1, len(page)))
        if 0 < connues < len(page):
            tete = journal.arbre.feuille(deja).hex()
        if connues < len(page) and not a_blanc:
            nouvelles = [LigneBrute(*ligne) for ligne in page[connues:]]
            cible.ajouter([Ecriture(programme, nouvelles, [*_entrees(faits[connues:])], tete)])
        avancer(len(page))
    return journal, deja


def _entrees(faits: list[tuple[int, Fait]]) -> Iterator[EntreeIndex]:
    for position, fait in faits:
        yield EntreeIndex(fait.id_commande, position, fait.empreinte_commande)


def _confronter(journal: Journal, cible: Store) -> None:
    """Read the other side, every line verified: at the same size it has the same root."""
    relu = Journal(cible, journal.programme)
    for _ in relu.rattraper(jusqua=journal.taille):
        pass
    if (relu.taille, relu.arbre.racine()) != (journal.taille, journal.arbre.racine()):
        raise MoveRefusedError(
            f"Le journal {journal.programme} n'a pas la même racine des deux côtés.",
            remede="Ne pas se servir de la copie ; garder la base de départ.",
        )


def _confronter_index(source: Store, cible: Store, tailles: dict[str, int], *, toute: bool) -> None:
    """The index of the target, made from its lines, is that of the source. `toute`: it holds
    nothing else; otherwise what it holds of other programmes is left alone."""
    voulues = ((p, e) for p, e in source.index() if e.position <= tailles.get(p, 0))
    tenues = ((p, e) for p, e in cible.index() if toute or p in tailles)
    for la, ici in zip_longest(tenues, voulues):
        if la != ici:
            programme, entree = la or ici or ("", EntreeIndex("", 0, ""))
            raise MoveRefusedError(
                f"L'index des commandes de {programme} n'est pas le même des deux côtés "
                f"(position {entree.position}).",
                remede="Lancer « fabriques verifier » sur la base de départ.",
            )
