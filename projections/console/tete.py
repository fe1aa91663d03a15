"""One programme as the console holds it: a verified replay at the head, and views of any moment.

The head moves by the new facts alone. Another view starts from the latest kept situation that it
extends, and reads only the facts that it counts, every line confronted with the verified tree.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby, islice
from threading import RLock

from msgspec.structs import replace

from ledger.erreurs import ChainBrokenError, StoreRolledBackError, UsageError
from ledger.evenements import EnveloppeModifiée, Fait, ProgrammeOuvert
from ledger.journal import Journal
from ledger.preuve.canonique import DECODEURS
from ledger.preuve.ligne import Lineur
from ledger.registre import TOPICS, TYPES
from ledger.soldes import EFFETS, PROGRAMME, Soldes
from ledger.stockage.port import LigneBrute, Store

from ..situation import Situation, Vue, plier
from .regard import Regard
from .taches import Avancement, Taches

EN_MEMOIRE_MAX = 30_000
"""Up to that many facts are kept decoded: any view of an ordinary programme is then immediate."""
_LOT = 2_000
_JALONS = 8
_JALON_MIN = 20_000
_VUES_MAX = 64
_OCTETS_DES_VUES = 512_000_000
_PLAFONDS = frozenset({ProgrammeOuvert, EnveloppeModifiée})
_CODES = {topic: rang for rang, topic in enumerate(TYPES)}


class Tete:
    """The replay of one programme. Safe between threads: one refreshes, the others wait for it."""

    def __init__(self, store: Store, programme: str) -> None:
        self.store, self.programme = store, programme
        self._journal = Journal(store, programme)
        self._lineur = Lineur(programme)
        self._verrou = RLock()
        self._situation = Situation()
        self._jalons: list[Situation] = [self._situation]
        self._faits: list[tuple[int, Fait]] | None = []
        # of each fact, in the order of positions: ordinal of its effect date, rank of its type
        self.dates = array("i")
        self.types = bytearray()
        self._bornes: tuple[int, int] | None = None
        self._plafonds: list[tuple[int, date, int]] = []
        self.vues = Taches(gardees=_VUES_MAX, octets_max=_OCTETS_DES_VUES)
        self.calculs = Taches(gardees=48)
        self.audits = Taches(gardees=4, ouvriers=1, patience=1)

    def fermer(self) -> None:
        """Wait for what is being computed."""
        for taches in (self.vues, self.calculs, self.audits):
            taches.fermer()

    @property
    def taille(self) -> int:
        """How many facts are known to the console."""
        return len(self.types)

    @property
    def journal(self) -> Journal:
        """The journal read, at least as far as any view goes."""
        return self._journal

    def rafraichir(self, progres: Callable[[int], None] | None = None) -> int:
        """Read what was recorded since; the size now. Raises: ChainBrokenError, StoreError."""
        taille = self.store.taille(self.programme)
        if taille == self.taille:
            return taille
        with self._verrou:
            if taille < self.taille:
                raise StoreRolledBackError(
                    f"Le journal {self.programme} n'a plus que {taille} lignes, {self.taille} ont "
                    "été lues : la base a reculé ou a été remplacée.",
                    remede="Chercher pourquoi, puis relancer la console.",
                )
            pas = max(_JALON_MIN, taille // _JALONS)
            faits = self._journal.rattraper(jusqua=taille)
            while lot := list(islice(faits, _LOT)):
                self._admettre(lot, pas)
                if progres is not None:
                    progres(self.taille)
            return self.taille

    def _admettre(self, lot: list[tuple[int, Fait]], pas: int) -> None:
        self._situation = plier(lot, depuis=self._situation)
        if self._situation.position - self._jalons[-1].position >= pas:
            self._jalons.append(self._situation)
        if self._faits is not None:
            self._faits.extend(lot)
            if len(self._faits) > EN_MEMOIRE_MAX:
                self._faits = None
        self._plafonds += [(p, f.date_effet, _plafond(f)) for p, f in lot if type(f) in _PLAFONDS]
        jours = [fait.date_effet.toordinal() for _, fait in lot]
        self._bornes = _etendre(self._bornes, jours)
        self.dates.extend(jours)
        self.types.extend(_CODES[TOPICS[type(fait)]] for _, fait in lot)  # last: it says the size

    def regard(self, position: int | None, au: date | None) -> Regard:
        """The view at a position (the head by default) and as of a day.

        Raises: UsageError for a position not reached; EnAttente, Occupee; as `rafraichir`.
        """
        taille = self.rafraichir()
        position = self.exiger(position, taille)
        return self.vues.obtenir((position, au), lambda pas: self._regarder(position, au, pas))

    def exiger(self, position: int | None, taille: int) -> int:
        """The position, the head when none is asked for. Raises UsageError beyond it."""
        if position is None:
            return taille
        if not 0 <= position <= taille:
            raise UsageError(
                f"Le journal {self.programme} va de 1 à {taille} : la position {position} n'est "
                "pas encore écrite."
            )
        return position

    def _regarder(self, position: int, au: date | None, pas: Avancement) -> Regard:
        with self._verrou:
            tete, jalons = self._situation, tuple(self._jalons)
        debut = tete if self._prolonge(tete, position, au) else None
        for jalon in reversed(jalons):
            if debut is None and self._prolonge(jalon, position, au):
                debut = jalon
        debut = debut or jalons[0]
        comptes = self.faits(position, depuis=debut.position, au=au, pas=pas)
        situation = replace(plier(comptes, depuis=debut), position=position)
        plafonds = tuple(
            (jour, centimes)
            for p, jour, centimes in self._plafonds
            if p <= position and (au is None or jour <= au)
        )
        vue = Vue(self.programme, au, situation, self._journal.arbre, self._journal)
        return Regard(vue, plafonds)

    @staticmethod
    def _prolonge(jalon: Situation, position: int, au: date | None) -> bool:
        """Whether the view counts every fact of this situation."""
        derniere = jalon.derniere_date
        return jalon.position <= position and (au is None or derniere is None or derniere <= au)

    def faits(
        self,
        jusqua: int,
        *,
        depuis: int = 0,
        au: date | None = None,
        pas: Avancement | None = None,
    ) -> Iterator[tuple[int, Fait]]:
        """The facts after a position and up to another that count at a day, verified again.

        `pas` learns how many there are to read, then how many were read.
        """
        gardes = self._faits
        if gardes is not None and len(gardes) >= jusqua:
            for position, fait in islice(gardes, depuis, jusqua):
                if au is None or fait.date_effet <= au:
                    yield position, fait
            return
        limite = None if au is None else au.toordinal()
        voulues: Sequence[int] = range(depuis + 1, jusqua + 1)
        if limite is not None:
            voulues = [p for p in voulues if self.dates[p - 1] <= limite]
        if pas is not None:
            pas.total = len(voulues)
        yield from self.lire(voulues, pas=pas)

    def lire(
        self, positions: Iterable[int], *, pas: Callable[[int], None] | None = None
    ) -> Iterator[tuple[int, Fait]]:
        """The facts at increasing positions already read."""
        for lus, ligne in enumerate(self.lignes(positions), start=1):
            yield ligne.position, DECODEURS[ligne.topic](ligne.octets)
            if pas is not None and not lus % _LOT:
                pas(lus)

    def lignes(self, positions: Iterable[int]) -> Iterator[LigneBrute]:
        """The stored lines at increasing positions already read, each confronted with the tree.

        Raises: ChainBrokenError when one changed since it was verified.
        """
        arbre, hacher = self._journal.arbre, self._lineur.feuille
        for debut, fin in _suites(positions):
            attendue = debut
            for ligne in self.store.lire(self.programme, apres=debut - 1, jusqua=fin):
                if (
                    ligne.position != attendue
                    or type(ligne.topic) is not str
                    or type(ligne.octets) is not bytes  # no type is sure in a file that was edited
                    or hacher(*ligne) != arbre.feuille(attendue)
                ):
                    break
                yield ligne
                attendue += 1
            if attendue != fin + 1:
                raise ChainBrokenError(
                    f"Journal {self.programme}, position {attendue} : la ligne a changé depuis "
                    "sa lecture.",
                    position=attendue,
                )

    def position_de(self, instant: str) -> int:
        """The last position recorded at an instant in the stored form, or before it."""
        taille = self.rafraichir()
        return bisect_right(range(1, taille + 1), instant, key=self._instant)

    def _instant(self, position: int) -> str:
        for _, fait in self.lire((position,)):
            return fait.enregistre_le
        return ""

    def du_type(self, topic: str, positions: Iterable[int]) -> list[int]:
        """Those of these positions that hold a fact of this topic."""
        code = _CODES[topic]
        return [p for p in positions if self.types[p - 1] == code]

    def connait(self, structure: str) -> bool:
        """Whether a fact recorded so far names this structure, whatever its effect date."""
        return structure in self._situation.fiches

    def bornes(self) -> tuple[date, date] | None:
        """The first and the last effect dates recorded."""
        if self._bornes is None:
            return None
        premier, dernier = self._bornes
        return date.fromordinal(premier), date.fromordinal(dernier)


def _plafond(fait: Fait) -> int:
    """What a fact adds to the envelope."""
    return sum(
        c for cle, c in EFFETS[type(fait)](fait, Soldes()) if cle == (PROGRAMME, "enveloppe")
    )


def _etendre(bornes: tuple[int, int] | None, jours: Sequence[int]) -> tuple[int, int]:
    tous = (*(bornes or ()), min(jours), max(jours))
    return min(tous), max(tous)


def _suites(positions: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Runs of consecutive positions: first and last. A range is one run."""
    if isinstance(positions, range):
        if positions:
            yield positions[0], positions[-1]
        return
    for _, groupe in groupby(enumerate(positions), key=lambda paire: paire[1] - paire[0]):
        suite = [position for _, position in groupe]
        yield suite[0], suite[-1]
