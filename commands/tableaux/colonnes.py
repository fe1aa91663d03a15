"""Rows of a text file: separator found or given, quotes read strictly, no row swallowed unseen."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from .cellules import VIDE, Cellule, Rangee
from .decodage import Examen, lecteur_de_texte
from .limites import CELLULE_MAX, COLONNES_MAX, LIGNES_MAX

SEPARATEURS = {",": "virgule", ";": "point-virgule", "\t": "tabulation", "|": "barre"}
_ECHANTILLON = 40
_LIGNE_MAX = 1 << 20
"""Characters of one physical line: beyond, it is no table."""


def deviner_separateur(chemin: Path, examen: Examen) -> tuple[str, bool]:
    """The separator, and whether a first line `sep=` says it (that line is then skipped).

    The one that splits most sampled rows in the same number of columns, then in the most columns.
    """
    with lecteur_de_texte(chemin, examen) as flux:
        lignes = [x for x in islice(_Compteur(flux), 4 * _ECHANTILLON) if x.strip()]
    if lignes and lignes[0].lower().startswith("sep=") and len(lignes[0].rstrip("\r\n")) == 5:  # noqa: PLR2004
        return lignes[0][4], True
    notes: dict[str, tuple[int, int, int]] = {}
    for rang, separateur in enumerate(SEPARATEURS):
        tailles = [len(r) for r in _decouper(lignes, separateur)[:_ECHANTILLON] if any(r)]
        frequentes = Counter(tailles).most_common(1) or [(0, 0)]
        colonnes, fois = frequentes[0]
        notes[separateur] = (fois if colonnes > 1 else 0, colonnes, -rang)
    return max(notes, key=lambda s: notes[s]), False


def _decouper(lignes: list[str], separateur: str) -> list[list[str]]:
    rangs: list[list[str]] = []
    lecteur = csv.reader(lignes, delimiter=separateur)
    while True:
        try:
            rangs.append(next(lecteur))
        except StopIteration:
            return rangs
        except csv.Error:
            continue


def lire_rangees(
    chemin: Path, examen: Examen, separateur: str, *, sauter: bool = False
) -> Iterator[Rangee]:
    """Every row, blank ones too. A line that belongs to no readable row is a row with a defect."""
    with lecteur_de_texte(chemin, examen) as flux:
        compteur = _Compteur(flux)
        if sauter:
            next(compteur, None)
        lecteur = csv.reader(compteur, delimiter=separateur, strict=True)
        while True:
            debut = compteur.lues + 1
            try:
                valeurs = next(lecteur)
            except StopIteration:
                return
            except csv.Error as erreur:
                yield from _defauts(debut, compteur.lues, _raison(str(erreur)))
                continue
            if compteur.demesuree:
                compteur.demesuree = False
                yield from _defauts(debut, compteur.lues, f"plus de {_LIGNE_MAX} signes")
                continue
            if debut > LIGNES_MAX:
                yield Rangee(debut, (), f"plus de {LIGNES_MAX} lignes : découper le fichier")
                return
            if len(valeurs) > COLONNES_MAX:
                yield Rangee(debut, (), f"plus de {COLONNES_MAX} colonnes")
                continue
            yield Rangee(debut, tuple([Cellule("texte", v) if v else VIDE for v in valeurs]))


class _Compteur:
    """Physical lines, counted as they are given; an endless one is dropped and told."""

    def __init__(self, flux: IO[str]) -> None:
        self._flux = flux
        self.lues = 0
        self.demesuree = False

    def __iter__(self) -> _Compteur:
        return self

    def __next__(self) -> str:
        ligne = self._flux.readline(_LIGNE_MAX)
        if not ligne:
            raise StopIteration
        self.lues += 1
        if len(ligne) < _LIGNE_MAX:
            return ligne
        self.demesuree = True
        while ligne and ligne[-1] not in "\r\n":
            ligne = self._flux.readline(_LIGNE_MAX)
        return "\n"


def _defauts(debut: int, fin: int, raison: str) -> Iterator[Rangee]:
    """One row for each line that the defect swallowed: none disappears."""
    for numero in range(debut, max(debut, fin) + 1):
        suite = "" if numero == debut else f" (prise dans la ligne {debut})"
        yield Rangee(numero, (), f"{raison}{suite}")


def _raison(erreur: str) -> str:
    if "field larger" in erreur:
        return f"cellule de plus de {CELLULE_MAX} signes, ou guillemet jamais refermé"
    if "unexpected end" in erreur:
        return "guillemet jamais refermé"
    if "expected after" in erreur:
        return "guillemet au milieu d'une cellule : le doubler"
    if "new-line" in erreur or "line contains NUL" in erreur:
        return "caractère de contrôle dans une cellule"
    return "guillemets ou séparateurs mal formés"
