"""Where a report goes, and in which format: stdout, or a file whose suffix may decide."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from .terminal import raison

SUFFIXES = {
    ".csv": "csv",
    ".html": "html",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".ods": "ods",
    ".txt": "table",
    ".xlsx": "xlsx",
}
"""File suffix -> format, when --format is not given."""
CLASSEURS = ("xlsx", "ods")
"""The formats of a workbook: bytes, for a file."""


def choisir_format(
    demande: str | None, sortie: str | None, *, defaut: str, admis: tuple[str, ...]
) -> str:
    """The format asked for; else the one the file's suffix names; else the verb's own."""
    if demande is not None:
        verifier_destination(demande, sortie)
        return demande
    if sortie is None or sortie == "-":
        return defaut
    choisi = SUFFIXES.get(Path(sortie).suffix.lower(), defaut)
    if choisi not in admis:
        raise click.UsageError(
            f"Ce verbe n'écrit pas de {choisi} : donner --format ({', '.join(admis)})."
        )
    return choisi


def verifier_destination(format_: str, sortie: str | None) -> None:
    """A workbook is not shown on a terminal, nor named as what it is not. Raises UsageError."""
    if sortie is None or sortie == "-":
        if format_ in CLASSEURS and sys.stdout.isatty():
            raise click.UsageError(
                f"Un classeur {format_} ne se lit pas à l'écran : donner -o FICHIER.{format_}, ou "
                "rediriger la sortie."
            )
        return
    suffixe = Path(sortie).suffix.lower()
    annonce = SUFFIXES.get(suffixe)
    if annonce != format_ and (annonce in CLASSEURS or (format_ in CLASSEURS and annonce)):
        raise click.UsageError(
            f"Le fichier finit en {suffixe} et le format demandé est {format_} : un tableur "
            "refuserait de l'ouvrir."
        )


@contextmanager
def ouvrir_sortie(
    sortie: str | None,
    *,
    base: str | None = None,
    entree: str | None = None,
    directe: bool = False,
) -> Iterator[IO[bytes]]:
    """A binary stream to write a report to: stdout, or the file.

    A file is written aside and put in place when complete: a failure leaves the former one. With
    `directe` it is written in place, because what was already said must survive a failure.
    Neither the base nor `entree`, the file that is being read, is ever written over.
    """
    if sortie is None or sortie == "-":
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    cible = Path(sortie)
    proteger(cible, base)
    if entree not in (None, "-") and _est_le_meme(cible, Path(str(entree))):
        raise click.UsageError(f"{cible} est le fichier à lire : choisir un autre fichier.")
    if directe or (cible.exists() and not cible.is_file()):  # a device or a pipe is not replaced
        with _ouvrir(cible, "wb") as flux:
            yield flux
        return
    cible = cible.resolve()  # a symbolic link keeps pointing at the file
    partiel = cible.with_name(f".{cible.name}.{os.getpid()}.partiel")
    try:
        with _ouvrir(partiel, "xb") as flux:
            yield flux
        partiel.replace(cible)
    except BaseException:
        partiel.unlink(missing_ok=True)
        raise


def _ouvrir(chemin: Path, mode: str) -> IO[bytes]:
    try:
        return chemin.open(mode)
    except OSError as erreur:
        raise click.UsageError(
            f"Impossible d'écrire dans {chemin.parent} : {raison(erreur)}."
        ) from erreur


def proteger(cible: Path, base: str | None) -> None:
    """A report never overwrites the ledger it is read from."""
    if cible.is_dir():
        raise click.UsageError(f"{cible} est un dossier : donner un nom de fichier à --sortie.")
    if base is None or "://" in base:  # a URL is no file
        return
    for suffixe in ("", "-wal", "-shm", "-journal"):
        if _est_le_meme(cible, Path(f"{base}{suffixe}")):
            raise click.UsageError(f"{cible} est la base elle-même : choisir un autre fichier.")


def _est_le_meme(un: Path, autre: Path) -> bool:
    """Whether two names lead to one regular file, by a link or not, also before it exists."""
    if un.exists() and autre.exists():
        return un.is_file() and un.samefile(autre)
    return un.resolve() == autre.resolve()
