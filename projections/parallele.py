"""The replay shared by several processes: each reads, verifies and folds its part of the journal.

The caller takes a part in only where it follows what it has read, by the leaf of the line before.
A part where anything is wrong, or whose process died, it reads by itself: same figures, or the same
error at the same line.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct, msgpack

from ledger.collecte import sans_collecte
from ledger.equipe import Equipe, partage
from ledger.evenements import JournalRepris
from ledger.journal import Journal
from ledger.preuve.canonique import decoder, encoder
from ledger.preuve.ligne import Lineur
from ledger.preuve.page import Ligne, lire_page
from ledger.registre import TOPICS
from ledger.stockage.port import Store

from .pli import Partie, Pli, Situation

SEUIL = 60_000
"""Facts above which another process is worth its start (about a third of a second)."""
_POIDS_APPELANT, _POIDS_AUTRE = 104, 96
"""The shares of a journal: the caller starts first, and takes the parts of the others in."""


class Part(Struct, frozen=True, array_like=True):
    """What a process sends: the fold of its part, and what puts the part at its place."""

    premiere: int
    precedent: str | None
    premier_instant: str
    dernier_instant: str
    feuilles: bytes
    fondations: list[int]
    communs: list[Ligne]
    pli: Partie


_lire_part = msgpack.Decoder(Part).decode
_ecrire_part = msgpack.Encoder().encode


def plier_journal(
    journal: Journal, *, jusqua: int | None, au: date | None = None, coeurs: int = 1
) -> Situation:
    """The situation of an unread journal at a position; it then stands there, every line verified.

    `jusqua` None: at its end, and nothing may follow the last line, not even out of place.

    Raises: ChainBrokenError, StoreError.
    """
    with sans_collecte():
        return _plier(journal, jusqua, au, coeurs)


def _plier(journal: Journal, jusqua: int | None, au: date | None, coeurs: int) -> Situation:
    pli = Pli(au=au)
    taille = journal.store.taille(journal.programme) if jusqua is None else jusqua
    commun = partage(journal.store) if coeurs > 1 and taille >= SEUIL else None
    if commun is not None:
        bornes = _bornes(taille, coeurs)
        lots = [(journal.programme, *plage, au) for plage in bornes[1:]]
        with Equipe(commun.ouvrir, travailler, lots) as equipe:
            _lire(journal, pli, bornes[0][1])
            pli.fermer()  # the time that it takes is the others': they started later
            for rang, (_, fin) in enumerate(bornes[1:]):
                if not joindre(journal, pli, equipe.recevoir(rang)):
                    _lire(journal, pli, fin)
    _lire(journal, pli, jusqua)
    return pli.situation()


def _bornes(taille: int, coeurs: int) -> list[tuple[int, int]]:
    """The parts of a journal: (after, up to), that of the caller first."""
    poids = _POIDS_APPELANT + _POIDS_AUTRE * (coeurs - 1)
    premiere = taille * _POIDS_APPELANT // poids
    pas = -(-(taille - premiere) // (coeurs - 1))
    suivantes = [(d, min(d + pas, taille)) for d in range(premiere, taille, pas)]
    return [(0, premiere), *suivantes]


def _lire(journal: Journal, pli: Pli, jusqua: int | None) -> None:
    for page in journal.par_pages(jusqua=jusqua):
        pli.prendre(page)


def joindre(journal: Journal, pli: Pli, octets: bytes | None) -> bool:
    """Take in what a process sent, if it follows the last line read here (None: it died)."""
    if not octets:
        return False
    part = _lire_part(octets)
    if (
        part.premiere != journal.taille + 1
        or part.precedent != journal.tete
        or part.premier_instant < journal.dernier_instant
    ):
        return False
    journal.reprendre(part.feuilles, part.dernier_instant, part.fondations)
    communs = ((position, decoder(topic, octets)) for position, topic, octets in part.communs)
    pli.joindre(part.pli, communs)
    return True


def travailler(
    store: Store, programme: str, apres: int, jusqua: int, au: date | None
) -> Iterator[bytes]:
    """What another process does: one part, or nothing as soon as anything is wrong in it."""
    lineur, pli = Lineur(programme), Pli(au=au, apart=True)
    attendue, tete, instant = apres + 1, "", ""
    premier: tuple[str | None, str] = (None, "")
    feuilles = bytearray()
    fondations = [] if apres else [1]
    reprise = TOPICS[JournalRepris]
    for lignes in store.pages(programme, apres=apres, jusqua=jusqua):
        page = lire_page(lineur, lignes, attendue)
        if page is None or (feuilles and not page.suit(tete, instant)):
            break
        faits = page.faits
        if not feuilles:
            premier = faits[0].precedent, faits[0].enregistre_le
        feuilles += page.feuilles
        tete, instant = page.feuilles[-32:].hex(), faits[-1].enregistre_le
        fondations += [position for position, topic, _ in lignes if topic == reprise]
        pli.prendre(enumerate(faits, attendue))
        attendue += len(faits)
    if attendue <= jusqua or not feuilles:
        yield b""
        return
    communs = [(p, TOPICS[type(fait)], encoder(fait)) for p, fait in pli.communs or ()]
    yield _ecrire_part(
        Part(apres + 1, *premier, instant, bytes(feuilles), fondations, communs, pli.partie())
    )
