"""How an input becomes another: bits, pieces, splices, tokens, numbers, lengths, JSON nodes."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

ENTIERS = (0, 1, -1, 2, 255, 256, 2**31, 2**32, 2**53 - 1, 2**53, -(2**53), 2**63, 2**64, 10**30)
JETONS = (
    b"\n",
    b"\r\n",
    b"\n\n",
    b"\0",
    b" ",
    b"\t",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc3",
    "\u2028".encode(),
    "\u202e".encode(),
    "e\u0301".encode(),
    "\u00e9".encode(),
    "\u0664".encode(),
    b"\\ud800",
    b"\\u0000",
    b"NaN",
    b"1e400",
    b"1.0",
    b"-0",
    b"null",
    b"true",
    b"{}",
    b"[]",
    b'""',
    b"[" * 3000,
    b'{"a":' * 3000,
    b"9" * 5000,
    b"=" * 3,
    b"2020-02-29",
    b"2999-12-31",
    b"1900-01-01",
    b"9999-12-31T23:59:59.999999Z",
)
_NOMBRE = re.compile(rb"-?[0-9]+")
_NOEUDS_MAX = 4_000
VALEURS: tuple[Any, ...] = (
    None,
    True,
    False,
    "",
    " ",
    "x",
    "e\u0301",
    "\u0000",
    "\u202e",
    "a" * 5_000,
    [],
    {},
    [[]],
    1.5,
    *ENTIERS,
    "2020-02-29",
    "2999-12-31",
    "qpv",
    "bonus",
    "s1",
)


class Mutateur:
    """Draws mutations; the same seed gives the same inputs."""

    def __init__(self, sort: random.Random, jetons: Sequence[bytes], maximum: int) -> None:
        self._sort = sort
        self._jetons = (*JETONS, *jetons, *jetons, *jetons)
        self._maximum = maximum
        octets: list[Callable[[bytes], bytes]] = [
            self._bit,
            self._octet,
            self._oter,
            self._repeter,
            self._inserer,
            self._jeton,
            self._remplacer,
            self._nombre,
            self._longueur,
            self._lignes,
        ]
        self._operateurs = [*octets, self._json, self._json, self._json]

    def muter(self, octets: bytes, autre: bytes) -> bytes:
        """A few mutations of an input, sometimes spliced with another one first."""
        sort = self._sort
        if sort.random() < 0.15:
            octets = octets[: sort.randint(0, len(octets))] + autre[sort.randint(0, len(autre)) :]
        for _ in range(sort.choice((1, 1, 1, 2, 2, 4, 8))):
            octets = sort.choice(self._operateurs)(octets)
        return octets[: self._maximum]

    def _rang(self, octets: bytes) -> int:
        return self._sort.randrange(len(octets) + 1)

    def _bit(self, octets: bytes) -> bytes:
        if not octets:
            return b"\0"
        change = bytearray(octets)
        change[self._sort.randrange(len(change))] ^= 1 << self._sort.randrange(8)
        return bytes(change)

    def _octet(self, octets: bytes) -> bytes:
        rang = self._rang(octets)
        return octets[:rang] + bytes([self._sort.randrange(256)]) + octets[rang + 1 :]

    def _plage(self, octets: bytes) -> tuple[int, int]:
        debut = self._rang(octets)
        longueur = self._sort.choice((1, 2, 4, 8, 64, len(octets)))
        return debut, min(debut + self._sort.randint(1, max(longueur, 1)), len(octets))

    def _oter(self, octets: bytes) -> bytes:
        debut, fin = self._plage(octets)
        return octets[:debut] + octets[fin:]

    def _repeter(self, octets: bytes) -> bytes:
        debut, fin = self._plage(octets)
        return octets[:fin] + octets[debut:fin] * self._sort.choice((1, 1, 2, 100)) + octets[fin:]

    def _inserer(self, octets: bytes) -> bytes:
        rang = self._rang(octets)
        return (
            octets[:rang] + self._sort.randbytes(self._sort.choice((1, 2, 4, 40))) + octets[rang:]
        )

    def _jeton(self, octets: bytes) -> bytes:
        rang = self._rang(octets)
        return octets[:rang] + self._sort.choice(self._jetons) + octets[rang:]

    def _remplacer(self, octets: bytes) -> bytes:
        """A token in the place of another one."""
        ancien = self._sort.choice(self._jetons)
        rang = octets.find(ancien)
        if not ancien or rang < 0:
            return self._jeton(octets)
        return octets[:rang] + self._sort.choice(self._jetons) + octets[rang + len(ancien) :]

    def _nombre(self, octets: bytes) -> bytes:
        """Another number in the place of one written in decimal."""
        trouves = [*_NOMBRE.finditer(octets[:20_000])]
        if not trouves:
            return self._octet(octets)
        trouve = self._sort.choice(trouves)
        valeur = self._sort.choice(ENTIERS)
        if self._sort.random() < 0.5 and len(trouve[0]) < 20:
            valeur = int(trouve[0]) + self._sort.choice((-100, -1, 1, 100))
        return octets[: trouve.start()] + str(valeur).encode() + octets[trouve.end() :]

    def _longueur(self, octets: bytes) -> bytes:
        """Another length in the place of four bytes."""
        rang = self._sort.randrange(max(len(octets) - 3, 1))
        valeur = self._sort.choice((0, 1, 4, 11, 32, 51, 64, 255, len(octets), 2**31, 2**32 - 1))
        return octets[:rang] + valeur.to_bytes(4, "big") + octets[rang + 4 :]

    def _lignes(self, octets: bytes) -> bytes:
        """Lines swapped, doubled or lost."""
        lignes = octets.split(b"\n")
        a, b = self._sort.randrange(len(lignes)), self._sort.randrange(len(lignes))
        match self._sort.randrange(3):
            case 0:
                lignes[a], lignes[b] = lignes[b], lignes[a]
            case 1:
                lignes.insert(b, lignes[a])
            case _:
                del lignes[a]
        return b"\n".join(lignes)

    def _json(self, octets: bytes) -> bytes:
        """One node of the JSON of a line changed, the rest written again as it was."""
        lignes = octets.split(b"\n")
        rangs = [rang for rang, ligne in enumerate(lignes) if b"{" in ligne]
        if not rangs:
            return self._octet(octets)
        rang = self._sort.choice(rangs)
        debut = lignes[rang].index(b"{")
        try:
            valeur = json.loads(lignes[rang][debut:])
            if not self._changer(valeur):
                return self._octet(octets)
            texte = json.dumps(valeur, ensure_ascii=False, separators=(",", ":")).encode()
        except (ValueError, RecursionError):
            return self._octet(octets)
        lignes[rang] = lignes[rang][:debut] + texte
        return b"\n".join(lignes)

    def _changer(self, valeur: Any) -> bool:
        """Change one member somewhere; False when there is none."""
        places: list[tuple[Any, Any]] = []
        pile = [valeur]
        while pile and len(places) < _NOEUDS_MAX:
            noeud = pile.pop()
            paires: Any = noeud.items() if isinstance(noeud, dict) else enumerate(noeud)
            for cle, enfant in paires:
                places.append((noeud, cle))
                if isinstance(enfant, dict | list):
                    pile.append(enfant)
        if not places:
            return False
        noeud, cle = self._sort.choice(places)
        match self._sort.randrange(6):
            case 0:
                del noeud[cle]
            case 1 if isinstance(noeud, dict):
                noeud[self._sort.choice(("x", "motif", "exercice", "siret", "vague"))] = noeud[cle]
            case 1:
                noeud.insert(cle, noeud[cle])
            case 2:
                pere, membre = self._sort.choice(places)
                greffe = json.loads(json.dumps(pere[membre]))  # a copy: no cycle
                noeud[cle] = greffe
            case 3 if type(noeud[cle]) is int:
                noeud[cle] += self._sort.choice((-100, -1, 1, 100))
            case _:
                noeud[cle] = self._sort.choice(VALEURS)
        return True
