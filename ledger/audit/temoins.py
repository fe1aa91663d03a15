"""Confront a journal with what is held outside its base: checkpoints and receipts.

Hashes inside a base stop mistakes, not administrators: whoever rewrites the past recomputes them.
A size and a root that left the machine are what catches them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from ..champs import neutraliser
from ..evenements import JournalRepris
from ..preuve.merkle import Arbre, racine_base64
from ..preuve.releve import ClePublique, Releve, origine
from .constats import Bilan, Constat


class Temoin(Struct, frozen=True):
    """A size and a root (32 bytes) held outside the base, and where they were read.

    `origine` is None for a receipt; `releve` is the signed note when there is one.
    """

    source: str
    taille: int
    racine: bytes
    origine: str | None = None
    releve: Releve | None = None


class Incarnation(Struct, frozen=True):
    """One life of a journal: its origin, from the line that founds it (`reprise` is None for 1)."""

    origine: str
    position: int
    reprise: JournalRepris | None = None


def incarnations(
    programme: str, arbre: Arbre, reprises: Sequence[tuple[int, JournalRepris]]
) -> tuple[Incarnation, ...]:
    """Every incarnation of a journal, oldest first."""
    fondations: list[tuple[int, JournalRepris | None]] = [(1, None), *reprises]
    return tuple(
        Incarnation(origine(programme, arbre.feuille(position)), position, reprise)
        for position, reprise in fondations
        # positions are whatever is stored
        if type(position) is int and 1 <= position <= arbre.taille
    )


class Confrontation:
    """The witnesses of one journal, one by one; `constats` and `bilan` at the end."""

    def __init__(
        self,
        arbre: Arbre,
        vies: tuple[Incarnation, ...],
        cles: Iterable[ClePublique] = (),
    ) -> None:
        self._arbre = arbre
        self._vies = vies
        self._cles = tuple(cles)
        self._comptes = [0, 0, 0, 0, 0]
        self._signatures = False

    @property
    def avec_signatures(self) -> bool:
        """Whether a note met a key: keys alone, or receipts, which are never signed, say no."""
        return self._signatures

    @property
    def bilan(self) -> Bilan:
        """What was confronted so far."""
        return Bilan(*self._comptes)

    def confronter(self, temoin: Temoin) -> Iterator[Constat]:
        """The findings on one witness."""
        self._comptes[0] += 1
        temoin = replace(temoin, source=neutraliser(temoin.source))  # a file name is any bytes
        constats = [*self._signature(temoin), *self._contenu(temoin)]
        if not constats:
            self._comptes[1] += 1
            self._comptes[4] = max(self._comptes[4], temoin.taille)
        yield from constats

    def _contenu(self, temoin: Temoin) -> Iterator[Constat]:
        connues = [vie.origine for vie in self._vies]
        perdues = [vie.reprise.origine_precedente for vie in self._vies if vie.reprise is not None]
        if temoin.origine not in (None, *connues, *perdues):
            yield Constat(
                "releve_autre_origine",
                None,
                f"{temoin.source} : le relevé porte sur "
                f"{neutraliser(temoin.origine or '')}, le journal est "
                f"{connues[-1] if connues else 'vide'}.",
            )
            return
        if temoin.taille <= self._arbre.taille and temoin.racine == self._arbre.racine(
            temoin.taille
        ):
            return
        perte = self._perte(temoin)
        if perte is not None:
            yield Constat(
                "releve_perdu",
                perte.position,
                f"{temoin.source} : les {temoin.taille} lignes du relevé comprennent des lignes "
                f"perdues, déclarées perdues en position {perte.position}.",
            )
        elif temoin.taille > self._arbre.taille:
            yield Constat(
                "releve_au_dela",
                self._arbre.taille,
                f"{temoin.source} : le journal avait {temoin.taille} lignes, il en a "
                f"{self._arbre.taille} : la fin a été ôtée, ou une copie ancienne remise en place.",
            )
        else:
            yield Constat(
                "releve_divergent",
                temoin.taille,
                f"{temoin.source} : la racine des {temoin.taille} premières lignes était "
                f"{racine_base64(temoin.racine)}, elle est "
                f"{racine_base64(self._arbre.racine(temoin.taille))} : une de ces lignes a été "
                "modifiée, ôtée ou ajoutée.",
            )

    def _perte(self, temoin: Temoin) -> Incarnation | None:
        """The declared loss that a witness falls into. A witness of the new life never does.

        A journal already longer than what it declares lost was not short of lines: it held others.
        """
        for vie in self._vies:
            reprise = vie.reprise
            if (
                reprise is not None
                and temoin.origine in (None, reprise.origine_precedente)
                and reprise.taille_satisfaite < temoin.taille <= reprise.taille_perdue
                and vie.position <= reprise.taille_perdue
            ):
                return vie
        return None

    def _signature(self, temoin: Temoin) -> Iterator[Constat]:
        releve = temoin.releve
        if releve is None:
            return
        if not self._cles:
            self._comptes[3] += bool(releve.signatures)
            return
        self._signatures = True
        verdicts = {releve.verdict(cle.pour(releve.origine)) for cle in self._cles}
        if "fausse" in verdicts:
            yield Constat(
                "signature_fausse",
                None,
                f"{temoin.source} : la signature n'est pas celle de ce texte par cette clé.",
            )
        elif "verifiee" in verdicts:
            self._comptes[2] += 1
        else:
            yield Constat(
                "signature_absente",
                None,
                f"{temoin.source} : aucune signature de la clé donnée.",
            )
