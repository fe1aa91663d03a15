"""Sheets of a workbook (xlsx, ods, xls), parsed once by a process of its own, read in a stream.

The library holds a sheet whole: there, in memory that is counted. Its answer is a file, one row a
line, so that what reads it holds one row, however many times it is read.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from .cellules import VIDE, Cellule, Rangee
from .enfant import CHIFFRE, DEMESURE, FIN
from .erreurs import TableauIllisible
from .inspection import Marques, verifier_etendue
from .limites import FEUILLES_MAX, MEMOIRE_LECTEUR, REPONSE_MAX, SECONDES_LECTEUR

_ENFANT = Path(__file__).with_name("enfant.py")
_MESSAGE_MAX = 8 << 20
"""Bytes of one message of the reading process: this one holds no more of it at once."""
_DECODER = msgspec.json.Decoder().decode
Fusion = tuple[int, int, int, int]
"""Merged cells: first row, first column, last row, last column, from 0."""


class Feuille(msgspec.Struct, frozen=True):
    """A sheet that was parsed: its rows, read in a stream as many times as needed; merged cells."""

    rangees: Callable[[], Iterator[Rangee]]
    fusions: tuple[Fusion, ...]


def noms_des_feuilles(chemin: Path, fichier: str) -> tuple[tuple[str, bool], ...]:
    """Each sheet with whether it is shown. Raises TableauIllisible."""
    (noms,) = tuple(_lire(_demander(chemin, fichier), fichier))
    feuilles = tuple((nom, visible) for nom, visible in noms)
    if len(feuilles) > FEUILLES_MAX:
        raise TableauIllisible(
            "feuille_trop_grande",
            f"Le classeur tient {len(feuilles)} feuilles, {FEUILLES_MAX} au plus.",
            remede="Garder dans un classeur la seule feuille à lire.",
        )
    return feuilles


def ouvrir_feuille(chemin: Path, fichier: str, nom: str, marques: Marques | None) -> Feuille:
    """A sheet by its name. `marques`: what its XML said, None where there is no XML."""
    reponse = _demander(chemin, fichier, nom)
    entete = next(_lire(reponse, fichier))
    verifier_etendue(nom, entete["hauteur"], entete["largeur"])
    fusions = tuple((a, b, c, d) for a, b, c, d in entete["fusions"])

    def rangees() -> Iterator[Rangee]:
        return _rangees(islice(_lire(reponse, fichier), 1, None), entete["colonne"], marques)

    return Feuille(rangees, fusions)


def _rangees(messages: Iterator[Any], debut: int, marques: Marques | None) -> Iterator[Rangee]:
    devant = (VIDE,) * debut
    muettes = marques is None or marques.muettes
    for numero, valeurs in enumerate(messages, start=1):
        if isinstance(valeurs, dict):
            yield Rangee(numero, (), str(valeurs["defaut"]))
            continue
        cellules = [*devant, *map(_cellule, valeurs)]
        if marques is not None and not muettes:
            _marquer(cellules, numero, marques)
        yield Rangee(numero, tuple(cellules))


def _cellule(valeur: Any) -> Cellule:
    if valeur is None:
        return VIDE
    if isinstance(valeur, str):
        return Cellule("texte", valeur)
    if isinstance(valeur, bool):
        return Cellule("booleen", "oui" if valeur else "non")
    genre, texte = valeur
    return Cellule(genre, texte)


def _marquer(cellules: list[Cellule], numero: int, marques: Marques) -> None:
    for rang, cellule in enumerate(cellules):
        erreur = marques.erreur_en(numero, rang + 1)
        if erreur is not None:
            cellules[rang] = Cellule("erreur", erreur, formule=True)
        elif marques.est_formule(numero, rang + 1):
            cellules[rang] = msgspec.structs.replace(cellule, formule=True)
        unite = marques.unite_en(numero, rang + 1)
        if unite is not None and cellule.genre == "nombre":
            cellules[rang] = msgspec.structs.replace(cellules[rang], unite=unite)


def _demander(chemin: Path, fichier: str, *arguments: str) -> Path:
    """What the reading process answers, whole, in a file beside the workbook."""
    reponse = chemin.with_suffix(".feuille" if arguments else ".feuilles")
    limites = map(str, (MEMOIRE_LECTEUR, SECONDES_LECTEUR, REPONSE_MAX))
    with reponse.open("wb") as flux:
        fait = subprocess.run(  # noqa: S603 - our own script, arguments that no shell reads
            [sys.executable, "-P", str(_ENFANT), *limites, str(chemin), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=flux,
            stderr=subprocess.PIPE,
            check=False,
        )
    if fait.returncode != 0:
        raise _echec(fichier, fait.returncode, fait.stderr[:2000].decode("utf-8", "replace"))
    return reponse


def _lire(reponse: Path, fichier: str) -> Iterator[Any]:
    """The messages of an answer, one by one, to its end."""
    with reponse.open("rb") as flux:
        while ligne := flux.readline(_MESSAGE_MAX):
            if ligne == FIN:
                return
            if len(ligne) == _MESSAGE_MAX:
                raise _trop_grand(fichier)
            yield _DECODER(ligne)
    raise _echec(fichier, 1, "")  # the last line is missing: what was said is not whole


def _echec(fichier: str, code: int, dit: str) -> TableauIllisible:
    if code == CHIFFRE:
        return TableauIllisible(
            "fichier_chiffre",
            f"{fichier} est protégé par un mot de passe.",
            remede="L'enregistrer sans mot de passe.",
        )
    if code < 0 or code == DEMESURE or "Memory" in dit or "memory" in dit:
        return _trop_grand(fichier)
    return TableauIllisible(
        "classeur_endommage",
        f"{fichier} ne se lit pas comme un classeur.",
        remede="L'ouvrir dans un tableur et l'enregistrer en .xlsx ou .ods.",
    )


def _trop_grand(fichier: str) -> TableauIllisible:
    return TableauIllisible(
        "feuille_trop_grande",
        f"{fichier} demande plus de mémoire, de temps ou de disque que ce qui lui est accordé "
        f"({MEMOIRE_LECTEUR >> 20} Mo, {SECONDES_LECTEUR} s, {REPONSE_MAX >> 20} Mo).",
        remede="Découper le classeur, ou l'enregistrer en CSV.",
    )
