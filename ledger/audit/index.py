"""The index of command ids, held against the lines, without the ids in memory.

While lines are read, each page asks the index for its own ids: every answer must be exactly what
the line says. Then the index must hold nothing more. Only when one of the two fails is the whole
gone through again, by parts of bounded size, to name what differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from zlib import crc32

from ..preuve.canonique import OctetsIllisibles, decoder
from ..stockage.port import EntreeIndex, Store
from .constats import Constat
from .lignes import Entree

PART = 250_000
"""How many ids are held at once when divergences are looked for."""


def index_exact(store: Store, programme: str, entrees: Sequence[Entree]) -> bool:
    """Whether the index says of each of these ids exactly that entry."""
    ids = [identifiant for identifiant, _, _ in entrees]
    trouves = store.retrouver(programme, ids)
    return [trouves.get(identifiant) for identifiant in ids] == entrees


class ControleIndex:
    """The index of one programme, beside one reading of its lines."""

    def __init__(self, store: Store, programme: str) -> None:
        self._store = store
        self._programme = programme
        self._exact = True
        self._faits = 0

    def confronter(self, entrees: Sequence[Entree]) -> None:
        """Look up what the next lines say. Once one differs, the rest waits for `conclure`."""
        if self._exact:
            self._exact = index_exact(self._store, self._programme, entrees)
        self._faits += len(entrees)

    def admettre(self, nombre: int) -> None:
        """Count lines that somebody else has looked up, and found exact."""
        self._faits += nombre

    def conclure(self, *, lignes: int, derniere: int) -> list[Constat]:
        """The findings, once `lignes` lines were read, up to position `derniere`."""
        if self._exact and self._store.taille_index(self._programme) == self._faits:
            return []
        vues = sum(1 for _ in self._entrees(derniere))
        if self._exact and vues == self._faits:
            return []  # what the index has more was committed since the lines were read
        constats: list[Constat] = []
        orphelines: list[tuple[int, Constat]] = []
        if self._faits and not vues:
            constats.append(
                Constat("index_divergent", None, "L'index des commandes est vide ou absent.")
            )
        parts = 1 + max(self._faits, vues) // PART
        for part in range(parts):
            constats += self._doubles_et_ecarts(part, parts, lignes, derniere, orphelines)
        return [*constats, *(constat for _, constat in sorted(orphelines, key=lambda o: o[0]))]

    def _entrees(self, derniere: int) -> Iterator[tuple[int, EntreeIndex]]:
        """The entries of the programme with their ranks, less those committed since."""
        for rang, (programme, entree) in enumerate(self._store.index()):
            if programme != self._programme:
                continue
            position, identifiant = entree.position, entree.id_commande
            # SQLite gives back whatever is stored, of any type
            au_dela = type(position) is int and position > derniere
            if au_dela and any(
                self._store.lire(self._programme, apres=position - 1, jusqua=position)
            ):
                continue
            lisible = identifiant if type(identifiant) is str else repr(identifiant)
            yield rang, EntreeIndex(lisible, position, entree.empreinte)

    def _doubles_et_ecarts(
        self,
        part: int,
        parts: int,
        lignes: int,
        derniere: int,
        orphelines: list[tuple[int, Constat]],
    ) -> Iterator[Constat]:
        """One part of the ids: on two facts, on none (put in `orphelines`), otherwise indexed."""
        attendues: dict[str, EntreeIndex] = {}
        for ligne in islice(self._store.lire(self._programme), lignes):
            try:
                fait = decoder(ligne.topic, ligne.octets)
            except OctetsIllisibles:
                continue
            identifiant, position = fait.id_commande, ligne.position
            if _part(identifiant, parts) != part:
                continue
            if identifiant in attendues:
                autre = attendues[identifiant].position
                yield Constat("id_double", position, f"{identifiant!r} figure aussi en {autre}.")
            attendues[identifiant] = EntreeIndex(identifiant, position, fait.empreinte_commande)
        vus: set[str] = set()
        vide = True
        for rang, entree in self._entrees(derniere):
            vide = False
            identifiant = entree.id_commande
            if _part(identifiant, parts) != part:
                continue
            vus.add(identifiant)
            attendue = attendues.get(identifiant)
            if attendue is None:
                detail = (
                    f"{identifiant!r} est à l'index (position {entree.position}) et sur aucun fait."
                )
                orphelines.append((rang, Constat("index_divergent", None, detail)))
            elif attendue != entree:
                detail = f"{identifiant!r} : l'index ne dit pas ce que dit le fait."
                yield Constat("index_divergent", attendue.position, detail)
        if vide:
            return  # said once for all
        for identifiant, attendue in attendues.items():
            if identifiant not in vus:
                yield Constat(
                    "index_divergent", attendue.position, f"{identifiant!r} manque à l'index."
                )


def _part(identifiant: str, parts: int) -> int:
    return crc32(identifiant.encode("utf-8", "surrogatepass")) % parts
