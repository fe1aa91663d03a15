"""Sheets of a workbook (xlsx, ods, xls), parsed by a process of its own and read in a stream."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from .cellules import VIDE, Cellule, Rangee
from .enfant import CHIFFRE, FIN
from .erreurs import TableauIllisible
from .inspection import Marques, verifier_etendue
from .limites import FEUILLES_MAX, MEMOIRE_LECTEUR, SECONDES_LECTEUR

_ENFANT = Path(__file__).with_name("enfant.py")
_DECODER = msgspec.json.Decoder().decode
Fusion = tuple[int, int, int, int]
"""Merged cells: first row, first column, last row, last column, from 0."""


class Feuille(msgspec.Struct, frozen=True):
    """A sheet being read: rows (once), merged ranges."""

    rangees: Iterator[Rangee]
    fusions: tuple[Fusion, ...]


def noms_des_feuilles(chemin: Path, fichier: str) -> tuple[tuple[str, bool], ...]:
    """Each sheet with whether it is shown. Raises TableauIllisible."""
    (noms,) = tuple(_interroger(chemin, fichier))
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
    messages = _interroger(chemin, fichier, nom)
    entete = next(messages)
    verifier_etendue(nom, entete["hauteur"], entete["largeur"])
    fusions = tuple((a, b, c, d) for a, b, c, d in entete["fusions"])
    return Feuille(_rangees(messages, entete["colonne"], marques), fusions)


def _rangees(messages: Iterator[Any], debut: int, marques: Marques | None) -> Iterator[Rangee]:
    devant = (VIDE,) * debut
    muettes = marques is None or marques.muettes
    for numero, valeurs in enumerate(messages, start=1):
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


def _interroger(chemin: Path, fichier: str, *arguments: str) -> Iterator[Any]:
    """The values that the reading process says, one by one, to its end."""
    commande = [sys.executable, "-P", str(_ENFANT), str(MEMOIRE_LECTEUR), str(SECONDES_LECTEUR)]
    with subprocess.Popen(  # noqa: S603 - our own script, arguments that no shell reads
        [*commande, str(chemin), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as processus:
        try:
            for ligne in processus.stdout or ():
                if ligne == FIN:
                    return
                yield _DECODER(ligne)
        except BaseException:  # the caller stops before the end: so does the process
            processus.kill()
            raise
        dit = processus.stderr.read(2000) if processus.stderr is not None else b""
        code = processus.wait()
    raise _echec(fichier, code, dit.decode("utf-8", "replace"))


def _echec(fichier: str, code: int, dit: str) -> TableauIllisible:
    if code == CHIFFRE:
        return TableauIllisible(
            "fichier_chiffre",
            f"{fichier} est protégé par un mot de passe.",
            remede="L'enregistrer sans mot de passe.",
        )
    if code < 0 or "Memory" in dit or "memory" in dit:
        return TableauIllisible(
            "feuille_trop_grande",
            f"{fichier} demande plus de mémoire ou de temps que ce qui lui est accordé "
            f"({MEMOIRE_LECTEUR >> 20} Mo, {SECONDES_LECTEUR} s).",
            remede="Découper le classeur, ou l'enregistrer en CSV.",
        )
    return TableauIllisible(
        "classeur_endommage",
        f"{fichier} ne se lit pas comme un classeur.",
        remede="L'ouvrir dans un tableur et l'enregistrer en .xlsx ou .ods.",
    )
