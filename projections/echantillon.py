"""The drawing itself: integers from a seed, and the three ways of choosing among units.

Steps 2 and 4 to 6 of the algorithm that `sondage` describes. Pure: the seed decides everything.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Literal, get_args

from msgspec import Struct

from ledger.valeurs import Territoire

Critere = Literal["exercice", "territoire", "montant"]
BORNES_CENTIMES = (0, 1_000_000, 5_000_000, 10_000_000)
"""Lower bounds of the amount classes: below 10 000 EUR, 50 000 EUR, 100 000 EUR, and above."""
_BLOCS = 2**256
_TERRITOIRES: tuple[str, ...] = get_args(Territoire)


class Element(Struct, frozen=True):
    """A unit of the population: the position of its fact, and what strata and chances rest on."""

    position: int
    structure: str
    montant: int
    exercice: int
    territoire: str


class Part(Struct, frozen=True):
    """A part of the population: its units, those drawn in order, the cent that hit each (MUS)."""

    nom: str | None
    elements: list[Element]
    pris: list[Element]
    centimes: list[int]


class Hasard:
    """The integers of a seed, in order: the same seed gives the same ones everywhere."""

    __slots__ = ("_compteur", "_graine")

    def __init__(self, graine: bytes) -> None:
        self._graine = graine
        self._compteur = 0

    def entier(self, borne: int) -> int:
        """The next integer from 0 to `borne` - 1, all equally likely (1 <= borne <= 2**256)."""
        while True:
            bloc = sha256(self._graine + self._compteur.to_bytes(8, "big")).digest()
            self._compteur += 1
            x = int.from_bytes(bloc, "big")
            if x < _BLOCS - _BLOCS % borne:
                return x % borne


def simple(hasard: Hasard, elements: list[Element], nombre: int) -> list[Element]:
    """Units without replacement, all equally likely, in the order drawn (step 4)."""
    places = list(elements)
    for i in range(nombre):
        j = i + hasard.entier(len(places) - i)
        places[i], places[j] = places[j], places[i]
    return places[:nombre]


def stratifier(
    hasard: Hasard, elements: list[Element], nombre: int, critere: Critere
) -> list[Part]:
    """Units of each stratum in proportion of its size (step 5)."""
    strates: dict[tuple[int, str], list[Element]] = {}
    for element in elements:
        strates.setdefault(_CRITERES[critere](element), []).append(element)
    cles = sorted(strates)
    parts = repartir(nombre, [len(strates[cle]) for cle in cles])
    return [
        Part(cle[1], strates[cle], simple(hasard, strates[cle], part), [])
        for cle, part in zip(cles, parts, strict=True)
    ]


def repartir(nombre: int, tailles: list[int]) -> list[int]:
    """How many units each stratum gives (step 5): their sum is `nombre`, at most the total."""
    total, rangs = sum(tailles), range(len(tailles))
    parts = [nombre * taille // total for taille in tailles]
    par_reste = sorted(rangs, key=lambda h: (-(nombre * tailles[h] % total), h))
    for rang in par_reste[: nombre - sum(parts)]:
        parts[rang] += 1
    if nombre >= len(tailles):
        for rang in rangs:
            if not parts[rang]:
                parts[parts.index(max(parts))] -= 1
                parts[rang] = 1
    return parts


def mus(hasard: Hasard, elements: list[Element], nombre: int) -> tuple[list[Part], int, int | None]:
    """Units in proportion of their cents (step 6): the two parts, the interval and the start.

    There is no start when every unit asked for is taken for its amount.
    """
    surs: list[Element] = []
    restants, total = elements, somme(elements)
    while True:
        intervalle = -(-total // nombre)
        pris = [e for e in restants if e.montant >= intervalle]
        if not pris:
            break
        restants = [e for e in restants if e.montant < intervalle]
        surs, nombre, total = surs + pris, nombre - len(pris), total - somme(pris)
        if not nombre:
            break
    surs.sort(key=lambda element: element.position)
    depart = hasard.entier(total) if nombre else None
    centimes = [] if depart is None else [(depart + k * total) // nombre for k in range(nombre)]
    touches: list[Element] = []
    rang, fin = -1, 0
    for centime in centimes:
        while fin <= centime:
            rang += 1
            fin += restants[rang].montant
        touches.append(restants[rang])
    parts = [
        Part("exhaustive", surs, surs, []),
        Part("systematique", restants, touches, centimes),
    ]
    return parts, intervalle, depart


def somme(elements: list[Element]) -> int:
    """The cents of units."""
    return sum(element.montant for element in elements)


def _par_exercice(element: Element) -> tuple[int, str]:
    return element.exercice, str(element.exercice)


def _par_territoire(element: Element) -> tuple[int, str]:
    return _TERRITOIRES.index(element.territoire), element.territoire


def _par_montant(element: Element) -> tuple[int, str]:
    bas = max(borne for borne in BORNES_CENTIMES if borne <= element.montant)
    suivantes = [borne for borne in BORNES_CENTIMES if borne > element.montant]
    return bas, f"{bas}-{suivantes[0] - 1}" if suivantes else f"{bas}-"


_CRITERES: dict[str, Callable[[Element], tuple[int, str]]] = {
    "exercice": _par_exercice,
    "territoire": _par_territoire,
    "montant": _par_montant,
}
