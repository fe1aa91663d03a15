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

SUFFIXES: dict[str, tuple[str, ...]] = {
    ".beancount": ("beancount",),
    ".csv": ("csv", "csv-fr", "scdl"),
    ".hledger": ("hledger",),
    ".html": ("html",),
    ".journal": ("hledger",),
    ".json": ("json", "360giving"),
    ".jsonl": ("jsonl", "cloudevents", "commandes"),
    ".ndjson": ("jsonl", "cloudevents", "commandes"),
    ".ods": ("ods",),
    ".releve": ("note",),
    ".sql": ("sql",),
    ".txt": ("table", "note", "fec"),
    ".xlsx": ("xlsx",),
    ".zip": ("zip",),
}
"""File suffix -> the formats that it may hold; the first that a verb writes is the one it names."""
CLASSEURS = ("xlsx", "ods")
"""The formats of a workbook: bytes, for a file."""


def choisir_format(
    demande: str | None, sortie: str | None, *, defaut: str | None, admis: tuple[str, ...]
) -> str:
    """The format asked for; else the one the file's suffix names; else the verb's own.

    A suffix that is not known is a typing error as often as a wish: it is refused, unless --format
    says what is written. Raises click.UsageError.
    """
    suffixe = "" if sortie in (None, "-") else Path(str(sortie)).suffix.lower()
    if demande is not None:
        verifier_destination(demande, sortie)
        return demande
    if not suffixe:
        if defaut is None:
            raise click.UsageError(f"Il manque le format : l'un de {', '.join(admis)}.")
        verifier_destination(defaut, sortie)
        return defaut
    if suffixe not in SUFFIXES:
        raise click.UsageError(
            f"Le suffixe {suffixe[:40]} ne dit pas de format. Ceux de ce verbe : "
            f"{', '.join(suffixes(admis))} ; ou donner --format."
        )
    possibles = [f for f in SUFFIXES[suffixe] if f in admis]
    if not possibles:
        raise click.UsageError(
            f"Ce verbe n'écrit pas de {suffixe} : donner un fichier en "
            f"{', '.join(suffixes(admis))}, ou --format ({', '.join(admis)})."
        )
    return possibles[0]


def refuser_suffixe_de_rapport(sortie: str, quoi: str) -> None:
    """A database is not named as a report: who opens it by its suffix would find it damaged.

    Raises: click.UsageError.
    """
    suffixe = Path(sortie).suffix.lower()
    if suffixe in SUFFIXES:
        raise click.UsageError(
            f"{quoi} est une base SQLite, pas un fichier {suffixe} : finir le nom en .db."
        )


def suffixes(admis: tuple[str, ...]) -> tuple[str, ...]:
    """The file suffixes that name one of these formats."""
    return tuple(s for s, formats in SUFFIXES.items() if not set(formats).isdisjoint(admis))


def verifier_destination(format_: str, sortie: str | None) -> None:
    """A workbook is not shown on a terminal, no file is named as what it is not.

    Raises: click.UsageError.
    """
    if sortie is None or sortie == "-":
        if format_ in CLASSEURS and sys.stdout.isatty():
            raise click.UsageError(
                f"Un classeur {format_} ne se lit pas à l'écran : donner -o FICHIER.{format_}, ou "
                "rediriger la sortie."
            )
        return
    suffixe = Path(sortie).suffix.lower()
    if suffixe in SUFFIXES and format_ not in SUFFIXES[suffixe]:
        voulus = suffixes((format_,))
        remede = f"finir le nom en {' ou '.join(voulus)}, ou changer" if voulus else "changer"
        raise click.UsageError(
            f"Le fichier finit en {suffixe} et le format demandé est {format_} : {remede} de "
            "format."
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
            f"Impossible d'écrire dans {chemin.parent} : {raison(erreur)}. Donner à -o un fichier "
            "d'un dossier qui existe et où l'on peut écrire."
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
