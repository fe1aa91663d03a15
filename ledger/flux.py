"""The feed: follow a journal, from a cursor, and learn that it was rewritten or went back.

    suivi = suivre(store, "fabriques-de-territoire", apres=curseur_garde, attendre=attendre)
    for position, fait in suivi:
        traiter(position, fait)
        garder(str(suivi.curseur))

A cursor names a line by its leaf hash, and that hash covers every line before it (`precedent`): a
journal in which the line is not there any more is another history. Kept after the work is done, it
gives each fact *at least* once: the consumer ignores a leaf hash that it already knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, runtime_checkable

from .erreurs import CursorDivergedError, CursorUnreadableError
from .evenements import Fait
from .journal import Journal
from .preuve.releve import lire_nombre
from .stockage.port import Store

_CURSEUR = re.compile(r"([a-z0-9-]{1,64}):([1-9][0-9]{0,15}):([0-9a-f]{64})")

Attente = Callable[[], bool]
"""Called each time the end of the journal is reached: returns when it is worth looking again, or
False to stop. It sleeps, waits for a notification, counts: the feed itself knows no clock."""


class Curseur(NamedTuple):
    """The last line consumed: its programme, its position, the hex leaf hash of the line."""

    programme: str
    position: int
    feuille: str

    def __str__(self) -> str:
        """The one text form: `programme:position:leaf`."""
        return f"{self.programme}:{self.position}:{self.feuille}"


class LigneSuivie(NamedTuple):
    """A verified line: its fact, its bytes as stored, the hex leaf hash of the journal line."""

    position: int
    fait: Fait
    topic: str
    octets: bytes
    feuille: str


def lire_curseur(texte: str) -> Curseur:
    """The cursor of a text; blanks around it are ignored. Raises CursorUnreadableError."""
    trouve = _CURSEUR.fullmatch(texte.strip())
    position = None if trouve is None else lire_nombre(trouve[2])
    if trouve is None or position is None:
        raise CursorUnreadableError(
            f"{texte.strip()[:100]!r} n'est pas un curseur.",
            remede="Un curseur s'écrit programme:position:empreinte (64 chiffres hexadécimaux).",
        )
    return Curseur(trouve[1], position, trouve[3])


def suivre(
    store: Store,
    programme: str,
    *,
    apres: Curseur | str | None = None,
    attendre: Attente | None = None,
) -> Suivi:
    """The facts recorded after a cursor (all of them by default), as they come.

    The journal is read from its first line, every line verified; the cursor is confronted before
    anything is given. Without `attendre`, the feed stops at the end of the journal.

    Raises, here or later: CursorUnreadableError (not a cursor, or of another programme),
    CursorDivergedError (the line it names is not there any more), ChainBrokenError, StoreError
    (StoreMissingError, StoreReplacedError when the file of the base goes away).
    """
    curseur = lire_curseur(apres) if isinstance(apres, str) else apres
    if curseur is not None and curseur.programme != programme:
        raise CursorUnreadableError(
            f"Ce curseur est du programme {curseur.programme}, pas de {programme}.",
            remede="Reprendre le curseur gardé pour ce programme.",
        )
    return Suivi(store, programme, curseur, attendre)


class Suivi:
    """A feed under way, and its `curseur`: after the last fact given, None as long as none was.

    Not thread-safe, like the journal it holds.
    """

    def __init__(
        self, store: Store, programme: str, curseur: Curseur | None, attendre: Attente | None
    ) -> None:
        self.curseur = curseur
        self._journal = Journal(store, programme)
        self._attendre = attendre
        if curseur is not None:
            _en_place(store)
            for _ in self._journal.rattraper(jusqua=curseur.position):
                pass
            self._confronter(curseur)

    def __iter__(self) -> Iterator[tuple[int, Fait]]:
        """The facts and their positions, one by one."""
        for lot in self.lots():
            for ligne in lot:
                self._avancer(ligne)
                yield ligne.position, ligne.fait

    def lots(self) -> Iterator[list[LigneSuivie]]:
        """The lines by batches (never empty); `curseur` is then after the last one of the batch."""
        while True:
            for lot in self._nouveaux():
                self._avancer(lot[-1])
                yield lot
            if self._attendre is None or not self._attendre():
                return

    def origine(self, position: int) -> str:
        """The origin of the journal at a position already read: which incarnation wrote the line.

        See `ledger.preuve.releve.origine`.
        """
        return self._journal.origine(position)

    def ligne(self, ligne: LigneSuivie) -> bytes:
        """The journal line, byte for byte, without line feed."""
        return self._journal.lineur.ligne(ligne.position, ligne.topic, ligne.octets)

    def _avancer(self, ligne: LigneSuivie) -> None:
        self.curseur = Curseur(self._journal.programme, ligne.position, ligne.feuille)

    def _nouveaux(self) -> Iterator[list[LigneSuivie]]:
        """What was recorded since the last look. The last line known is read again with it."""
        journal = self._journal
        store, lues = journal.store, journal.taille
        _en_place(store)
        confrontee = lues == 0
        for page in store.pages(journal.programme, apres=max(lues - 1, 0)):
            nouvelles = page
            if not confrontee:
                self._reconnaitre(page[0])
                nouvelles, confrontee = page[1:], True
            faits = journal.admettre(nouvelles)
            if faits:
                yield [
                    LigneSuivie(
                        position, fait, topic, octets, journal.arbre.feuille(position).hex()
                    )
                    for (position, topic, octets), (_, fait) in zip(nouvelles, faits, strict=True)
                ]
        if not confrontee:
            raise _diverge(journal.programme, lues, f"il s'arrête à {self._fin()}")

    def _reconnaitre(self, brute: tuple[int, str, bytes]) -> None:
        """The last line read is still the same one."""
        journal = self._journal
        position, topic, octets = brute
        intacte = (
            position == journal.taille
            and type(topic) is str
            and type(octets) is bytes
            and journal.lineur.feuille(position, topic, octets) == journal.arbre.feuille(position)
        )
        if not intacte:
            raise _diverge(journal.programme, journal.taille, "une autre ligne s'y trouve")

    def _confronter(self, curseur: Curseur) -> None:
        journal = self._journal
        if journal.taille < curseur.position:
            raise _diverge(journal.programme, curseur.position, f"il s'arrête à {journal.taille}")
        if journal.arbre.feuille(curseur.position).hex() != curseur.feuille:
            raise _diverge(journal.programme, curseur.position, "une autre ligne s'y trouve")

    def _fin(self) -> int:
        return self._journal.store.taille(self._journal.programme)


@runtime_checkable
class _SurPlace(Protocol):
    """A store whose file may go away while it is open."""

    def exiger_en_place(self) -> None: ...


def _en_place(store: Store) -> None:
    if isinstance(store, _SurPlace):
        store.exiger_en_place()


def _diverge(programme: str, position: int, constat: str) -> CursorDivergedError:
    return CursorDivergedError(
        f"Le journal {programme} ne tient plus la ligne consommée à la position {position} : "
        f"{constat}.",
        remede="Ne rien consommer de plus : il a été réécrit ou remis en arrière. Le comparer aux "
        "relevés (`fabriques verifier --releve`), puis repartir d'un curseur antérieur.",
    )
