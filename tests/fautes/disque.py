"""A model of what a power cut leaves on a disk, from the calls that a process made.

What was written before a synchronisation of its file that succeeded is on the disk. What was
written since may be there or not, whole or by sectors, in any order, its length without its bytes.
A name is there once the
*folder* was synchronised after it was made; until then the file may be nowhere, and a file just
removed may be back. After a synchronisation that failed, what it should have saved never reaches
the disk, even though every program goes on reading it: that is what Linux does.

Assumed, as SQLite assumes it: a sector half written damages nothing beside what was being written
("powersafe overwrite"), and what the disk says is saved is saved.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from tests.fautes.strace import Op

SECTEURS = (512, 4096)
Image = dict[str, bytes]
Mode = Literal["rien", "tout", "prefixe", "desordre", "secteurs", "taille"]
MODES: tuple[Mode, ...] = ("rien", "tout", "prefixe", "desordre", "secteurs", "taille")
_MEMOIRE_PARTAGEE = "-shm"


@dataclass(frozen=True)
class _Changement:
    """A write (`octets`) or a truncation (`octets` is None) not yet synchronised."""

    ou: int
    octets: bytes | None

    def appliquer(self, contenu: bytearray) -> None:
        if self.octets is None:
            manque = self.ou - len(contenu)
            contenu.extend(bytes(max(manque, 0)))
            del contenu[self.ou :]
            return
        contenu.extend(bytes(max(self.ou - len(contenu), 0)))
        contenu[self.ou : self.ou + len(self.octets)] = self.octets

    def morceaux(self, secteur: int) -> list[_Changement]:
        """The same change, cut where sectors begin."""
        if self.octets is None:
            return [self]
        bornes = [
            self.ou,
            *range((self.ou // secteur + 1) * secteur, self.ou + len(self.octets), secteur),
            self.ou + len(self.octets),
        ]
        return [
            _Changement(debut, self.octets[debut - self.ou : fin - self.ou])
            for debut, fin in pairwise(bornes)
        ]


@dataclass
class _Fichier:
    durable: bytearray = field(default_factory=bytearray)
    attente: list[_Changement] = field(default_factory=list)

    def sauver(self) -> None:
        for changement in self.attente:
            changement.appliquer(self.durable)
        self.attente.clear()

    def tirer(self, mode: Mode, sort: random.Random) -> bytes:
        """What is left of it."""
        contenu = bytearray(self.durable)
        if mode == "taille":  # the length reached the disk before the bytes: blanks at the end
            entier = bytearray(self.durable)
            for changement in self.attente:
                changement.appliquer(entier)
            contenu.extend(bytes(max(len(entier) - len(contenu), 0)))
        for changement in _restes(self.attente, mode, sort):
            changement.appliquer(contenu)
        return bytes(contenu)


def _restes(attente: list[_Changement], mode: Mode, sort: random.Random) -> list[_Changement]:
    match mode:
        case "rien":
            return []
        case "tout":
            return attente
        case "prefixe":
            if not attente:
                return []
            rang = sort.randrange(len(attente))
            coupe = attente[rang].morceaux(sort.choice(SECTEURS))
            return [*attente[:rang], *coupe[: sort.randint(0, len(coupe))]]
        case "desordre" | "taille":
            return [c for c in attente if sort.randrange(2)]
        case "secteurs":
            secteur = sort.choice(SECTEURS)
            return [m for c in attente for m in c.morceaux(secteur) if sort.randrange(4)]


class Disque:
    """The disk under one folder, call after call."""

    def __init__(self, *, synchronise: bool = True, dossier_synchronise: bool = True) -> None:
        """With a False, a disk that lies: synchronising files, or the folder, saves nothing."""
        self._synchronise = synchronise
        self._dossier_synchronise = dossier_synchronise
        self._noms: dict[str, _Fichier] = {}
        self._noms_durables: dict[str, _Fichier] = {}
        self._noms_en_attente: list[tuple[str, _Fichier | None]] = []

    def appliquer(self, op: Op) -> None:
        """One more call."""
        if op.genre == "acquitter" or op.nom.endswith(_MEMOIRE_PARTAGEE) or op.nom == "acquis":
            return  # the shared memory is mapped and never synchronised: `tirer` makes one up
        if op.nom == "":
            self._appliquer_au_dossier(op)
            return
        match op.genre:
            case "creer":
                if op.nom not in self._noms:
                    self._noms[op.nom] = _Fichier()
                    self._noms_en_attente.append((op.nom, self._noms[op.nom]))
            case "supprimer":
                if self._noms.pop(op.nom, None) is not None:
                    self._noms_en_attente.append((op.nom, None))
            case "ecrire":
                self._noms[op.nom].attente.append(_Changement(op.ou, op.octets))
            case "tronquer":
                self._noms[op.nom].attente.append(_Changement(op.ou, None))
            case "synchroniser":
                if self._synchronise:
                    self._noms[op.nom].sauver()
            case _:
                self._noms[op.nom].attente.clear()

    def _appliquer_au_dossier(self, op: Op) -> None:
        if op.genre == "synchroniser" and self._dossier_synchronise:
            for nom, fichier in self._noms_en_attente:
                _nommer(self._noms_durables, nom, fichier)
            self._noms_en_attente.clear()

    def tirer(self, mode: Mode, sort: random.Random) -> Image:
        """The files of one possible disk, should the power be cut now."""
        noms = dict(self._noms_durables)
        attente = self._noms_en_attente
        match mode:
            case "rien":
                gardes: list[tuple[str, _Fichier | None]] = []
            case "tout":
                gardes = attente
            case "prefixe":
                gardes = attente[: sort.randint(0, len(attente))]
            case _:
                retenus = {nom: sort.randrange(3) for nom, _ in attente}
                gardes = [(nom, f) for nom, f in attente if retenus[nom]]
        for nom, fichier in gardes:
            _nommer(noms, nom, fichier)
        return {nom: fichier.tirer(mode, sort) for nom, fichier in sorted(noms.items())}


def _nommer(noms: dict[str, _Fichier], nom: str, fichier: _Fichier | None) -> None:
    if fichier is None:
        noms.pop(nom, None)
    else:
        noms[nom] = fichier


def memoire_partagee(instantanes: Mapping[int, bytes], sort: random.Random) -> bytes | None:
    """A -shm that the cut may have left: none, blank, noise, or a true one, come from before."""
    choix = sort.randrange(5)
    if choix == 0 or (choix > 2 and not instantanes):
        return None
    if choix == 1:
        return bytes(32_768)
    if choix == 2:
        return sort.randbytes(32_768)
    return instantanes[sort.choice(sorted(instantanes))]
