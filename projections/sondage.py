"""Draws for auditors: a sample that neither side chooses alone, and that anybody can redo.

The engine brings the root of the journal, the auditor a text of their own (`alea`). The algorithm
`tirage-v1`, to the byte; every division is of integers, `//` rounds down:

1. `graine` = SHA-256(root, its 32 raw bytes || `alea` in NFC, as UTF-8).
2. Block k = SHA-256(`graine`, 32 bytes || k, 8 bytes big-endian), k = 0, 1, 2... An integer below
   `b` is the next block read as one big-endian integer x, modulo b; a block where
   x >= 2**256 - 2**256 % b is skipped. Each integer uses at least one block, none is used twice.
3. The population is in the order of positions, numbered from 0: the payments not cancelled, or the
   labels (withdrawn ones too, at the grant in force), among the facts that the view counts.
4. `simple`, n among N: a list of 0..N-1; for i = 0..n-1, exchange places i and i + (integer below
   N - i). The n first places are the draw, in that order (n + 1 units begin with the same n).
5. `stratifie`: strata in rising order (year; qpv, hors_qpv, inconnu; amount). A stratum of N_h gets
   n * N_h // N, and the units left go one each to the greatest remainders (n * N_h) % N, the first
   stratum when equal. If n is at least the number of strata, each one left without takes a unit
   from the one that has most (the first when equal). Then `simple` in each, blocks going on.
6. `mus` (one chance per cent), n units among a total of T cents. Units where amount * n >= T are
   taken (`exhaustive`); again with the n and T that remain, until there is none. Then `depart` =
   integer below T, and the unit that holds cent (`depart` + k * T) // n of those that remain, in
   order and from 0, for k = 0..n-1. No unit is hit twice. `intervalle` = the last T / n, rounded
   up: every unit of that amount or more is in the draw.
"""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ledger.champs import neutraliser, normaliser
from ledger.erreurs import UsageError
from ledger.preuve.merkle import racine_base64
from ledger.temps import lire_date

from .echantillon import Critere, Element, Hasard, Part, mus, simple, somme, stratifier
from .situation import Vue

ALGORITHME = "tirage-v1"
ALEA_MAX = 200

Methode = Literal["simple", "stratifie", "mus"]
Nature = Literal["versements", "labels"]


class Unite(Struct, frozen=True, forbid_unknown_fields=True):
    """A unit drawn: `rang` in the draw, from 1; `position` of its fact; `centime` that hit it."""

    rang: int
    position: int
    structure: str
    montant_centimes: int
    strate: str | None
    centime: int | None


class Strate(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the population, in units and cents, and how many units are drawn from it."""

    strate: str
    nombre: int
    total_centimes: int
    tirees: int


class Population(Struct, frozen=True, forbid_unknown_fields=True):
    """What is drawn from: its nature, its units, their cents."""

    nature: Nature
    nombre: int
    total_centimes: int


class Parametres(Struct, frozen=True, forbid_unknown_fields=True):
    """What was asked: how many units, by which strata."""

    nombre: int
    strate: Critere | None


class Tirage(Struct, frozen=True, forbid_unknown_fields=True):
    """A draw with all that redoing it takes. `racine` is base64, `graine` hexadecimal."""

    algorithme: str
    programme: str
    methode: Methode
    alea: str
    racine: str
    position: int
    au: str | None
    graine: str
    population: Population
    parametres: Parametres
    strates: tuple[Strate, ...]
    intervalle_centimes: int | None
    depart_centimes: int | None
    unites: tuple[Unite, ...]


def tirer(
    vue: Vue,
    *,
    methode: Methode,
    nombre: int,
    alea: str,
    population: Nature = "versements",
    strate: Critere | None = None,
) -> Tirage:
    """Draw `nombre` distinct units of a view. `strate` goes with `stratifie`, and only with it.

    Raises: UsageError for an `alea` that is not 1 to 200 printable characters, an empty population,
    fewer than one unit or more than there are.
    """
    alea = _lire_alea(alea)
    elements = _population(vue, population)
    _exiger(nombre, len(elements), population)
    if (methode == "stratifie") != (strate is not None):
        raise UsageError(
            "La strate (exercice, territoire ou montant) va avec la méthode stratifie, et avec "
            "elle seule."
        )
    graine = sha256(vue.racine + alea.encode("utf-8")).digest()
    hasard = Hasard(graine)
    intervalle = depart = None
    if methode == "mus":
        parts, intervalle, depart = mus(hasard, elements, nombre)
    elif strate is not None:
        parts = stratifier(hasard, elements, nombre, strate)
    else:
        parts = [Part(None, elements, simple(hasard, elements, nombre), [])]
    return Tirage(
        algorithme=ALGORITHME,
        programme=vue.programme,
        methode=methode,
        alea=alea,
        racine=racine_base64(vue.racine),
        position=vue.situation.position,
        au=None if vue.au is None else vue.au.isoformat(),
        graine=graine.hex(),
        population=Population(population, len(elements), somme(elements)),
        parametres=Parametres(nombre, strate),
        strates=tuple(
            Strate(p.nom, len(p.elements), somme(p.elements), len(p.pris))
            for p in parts
            if p.nom is not None
        ),
        intervalle_centimes=intervalle,
        depart_centimes=depart,
        unites=_unites(parts),
    )


def refaire(vue: Vue, tirage: Tirage) -> Tirage:
    """The draw that the same request gives on a view. Raises: UsageError, as `tirer`."""
    return tirer(
        vue,
        methode=tirage.methode,
        nombre=tirage.parametres.nombre,
        alea=tirage.alea,
        population=tirage.population.nature,
        strate=tirage.parametres.strate,
    )


def verifier_tirage(vue: Vue, donnees: Any) -> tuple[str, ...]:
    """Redo a draw from its JSON object: one French sentence per difference, none when it holds.

    The view must be that of the draw: same programme, position (`connu_au`) and `au`.
    """
    try:
        tirage = msgspec.convert(donnees, Tirage)
    except msgspec.ValidationError as erreur:
        return (f"Le tirage ne se lit pas : {neutraliser(str(erreur))}.",)
    if tirage.algorithme != ALGORITHME:
        return (f"L'algorithme {neutraliser(tirage.algorithme)[:40]} est inconnu.",)
    try:
        refait = refaire(vue, tirage)
    except UsageError as erreur:
        return (f"Le tirage ne peut pas être refait : {erreur.message}",)
    return tuple(
        f"Le membre {nom} n'est pas celui du tirage refait."
        for nom in Tirage.__struct_fields__
        if getattr(refait, nom) != getattr(tirage, nom)
    )


def vue_du_tirage(donnees: Any) -> tuple[int, date | None]:
    """The position (`connu_au`) and the effect date (`au`) of the view that a draw needs.

    Raises: UsageError when the object does not say them.
    """
    try:
        tirage = msgspec.convert(donnees, Tirage)
        return tirage.position, None if tirage.au is None else lire_date(tirage.au)
    except ValueError as erreur:
        raise UsageError("Le tirage ne dit pas sa position ou sa date.") from erreur


def _lire_alea(texte: str) -> str:
    try:
        alea = normaliser(texte)
    except ValueError as erreur:
        raise UsageError(f"L'aléa ne convient pas : {erreur}.") from erreur
    if len(alea) > ALEA_MAX or not alea.isprintable() or alea != alea.strip():
        raise UsageError(
            f"L'aléa ne convient pas : {len(alea)} signes.",
            remede=f"1 à {ALEA_MAX} signes imprimables, sans espace au bord.",
        )
    return alea


def _exiger(nombre: int, taille: int, population: Nature) -> None:
    if not taille:
        raise UsageError(f"La population est vide : la vue ne compte aucun des {population}.")
    if nombre < 1:
        raise UsageError(f"Un tirage prend au moins une unité, {nombre} demandée.")
    if nombre > taille:
        pluriel = taille > 1
        raise UsageError(
            f"La population compte {taille} {population if pluriel else population[:-1]}, "
            f"{nombre} demandés.",
            remede=f"Demander {taille} unité{'s' if pluriel else ''} au plus.",
        )


def _population(vue: Vue, nature: Nature) -> list[Element]:
    trouves: list[Element] = []
    for fiche in vue.situation.fiches.values():
        nom, lieu = fiche.structure, fiche.territoire
        if nature == "versements":
            trouves.extend(
                Element(v.position, nom, v.montant, v.exercice, lieu)
                for v in fiche.versements
                if v.position not in fiche.annules
            )
        elif fiche.label_position is not None and fiche.label_date is not None:
            annee = fiche.label_date.year
            trouves.append(Element(fiche.label_position, nom, fiche.montant, annee, lieu))
    return sorted(trouves, key=lambda element: element.position)


def _unites(parts: list[Part]) -> tuple[Unite, ...]:
    unites: list[Unite] = []
    for part in parts:
        for i, e in enumerate(part.pris):
            centime = part.centimes[i] if part.centimes else None
            rang = len(unites) + 1
            unites.append(Unite(rang, e.position, e.structure, e.montant, part.nom, centime))
    return tuple(unites)
