"""Duplicates: structures and payments that look like one another. Never a refusal.

Each is compared with all the others of the programme: the read model, which rewrites only what a
fact touches, stores the keys made here, and compares them when it is asked (`lecture/vues.py`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from ledger.temps import format_date

from .anomalies import Anomalie
from .fiche import Fiche, Versement
from .situation import Vue

_SANS_SUITE = ("rejetee", "retiree")
"""Applications without consequence: applying again under another id is no duplicate."""


def doublons(vue: Vue) -> tuple[Anomalie, ...]:
    """The duplicates of a view, each told once, at the later of the two: structures, payments.

    `doublon_structure`: same SIRET (it names one establishment), or same name and postcode, case,
    accents and punctuation left out. `doublon_versement`: among payments not cancelled, the
    reference of an earlier one (case and spaces left out), or within a structure its rank, amount
    and effect date.
    """
    return tuple(doublon.anomalie for doublon in doublons_et_premieres(vue))


class Doublon(NamedTuple):
    """A duplicate, and the structure of the earlier of the two, which its sentence names."""

    anomalie: Anomalie
    premiere: str


def doublons_et_premieres(vue: Vue) -> tuple[Doublon, ...]:
    """The duplicates of a view in the same order, each with its other end."""
    fiches = list(vue.situation.fiches.values())
    return (*_structures(fiches), *_versements(fiches))


def _structures(fiches: list[Fiche]) -> Iterator[Doublon]:
    premieres: dict[tuple[str, ...], Fiche] = {}
    for fiche in sorted(fiches, key=lambda f: f.evenements[0]):
        if fiche.etat in _SANS_SUITE:
            continue
        cles: list[tuple[str, ...]] = []
        if fiche.siret is not None:
            cles.append(("Même SIRET", fiche.siret))
        if fiche.porteur:  # the application itself may be dated after `au`
            nom = cle_de_nom(fiche.porteur)
            cles.append(("Même porteur et même code postal", nom, fiche.code_postal))
        for cle in cles:
            premiere = premieres.setdefault(cle, fiche)
            if premiere is not fiche:
                detail = f"{cle[0]} que {premiere.structure} (position {premiere.evenements[0]})."
                dit = Anomalie("doublon_structure", fiche.structure, fiche.evenements[0], detail)
                yield Doublon(dit, premiere.structure)


def _versements(fiches: list[Fiche]) -> Iterator[Doublon]:
    verses = sorted(
        (
            (v.position, fiche.structure, v)
            for fiche in fiches
            for v in fiche.versements
            if v.position not in fiche.annules
        ),
        key=lambda trouve: trouve[0],
    )
    references: dict[str, tuple[int, str]] = {}
    jumeaux: dict[tuple[object, ...], int] = {}
    for position, structure, v in verses:
        reference = cle_de_reference(v.reference)
        ou, qui = references.setdefault(reference, (position, structure))
        jumeau = jumeaux.setdefault((structure, v.rang, v.montant, v.date_effet), position)
        if ou != position:
            premiere = qui
            detail = f"Référence {v.reference} déjà donnée à la position {ou} ({qui})."
        elif jumeau != position:
            premiere = structure
            detail = f"{_quoi(v)} : même montant et même jour qu'à la position {jumeau}."
        else:
            continue
        yield Doublon(Anomalie("doublon_versement", structure, position, detail), premiere)


def _quoi(versement: Versement) -> str:
    quoi = "Bonus" if versement.rang == 0 else f"Tranche {versement.rang}"
    return f"{quoi}, versement du {format_date(versement.date_effet)}"


def cle_de_nom(nom: str) -> str:
    """The letters and digits of a name, without case nor accents; the name itself without any."""
    plat = unicodedata.normalize("NFKD", nom).casefold()
    return "".join(c for c in plat if c.isalnum()) or nom


def cle_de_reference(reference: str) -> str:
    """A reference without case, its spaces made one."""
    return " ".join(reference.split()).casefold()
